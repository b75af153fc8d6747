r"""Text that a template language, a shell or a parser could take for its own, as constant, output, item of a list and parameter.

run texts=["{{ 1 + 1 }}", "{% raw %}", "{#", "$(NAME) $$", "\"'`\\", "a\nb\r\n\tc", "\u0001\u001f\u007f", "\ud83d\ude00\u2028", "", "  ", "#", "{{workflow.name}}", "{{=1}}", "%(x)s %s", "<&>", "null", "1e3", "--flag", "python3", "${HOME}"]
  ran: constant, echo, same
  outputs: {"same": true}
differs kubeflow: the local runner puts its interpreter in the place of `python3` in what a person types
differs argo: the kubelet makes `$` of `$$` in a run parameter, which travels in the arguments of the container
"""
from pipec.sdk import pipeline, step

TEXTS = ["{{ 1 + 1 }}", "{% raw %}", "{#", "$(NAME) $$", "\"'`\\", "a\nb\r\n\tc", "\u0001\u001f\u007f", "\U0001f600\u2028", "", "  ", "#", "{{workflow.name}}", "{{=1}}", "%(x)s %s", "<&>", "null", "1e3", "--flag", "python3", "${HOME}"]


@step
def constant(text: str, texts: list[str]) -> str:
    return text + "|".join(texts)


@step
def echo(text: str) -> str:
    return text


@step
def same(one: str, other: str, given: list[str], known: list[str]) -> bool:
    return one == "{{ x }} $(y) {% z %}" + "|".join(known) and one == other and given == known


@pipeline
def program(texts: list[str]) -> bool:
    first = constant("{{ x }} $(y) {% z %}", TEXTS)
    return same(first, echo(first), texts, TEXTS)
