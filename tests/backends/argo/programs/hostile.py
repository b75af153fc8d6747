"""Values that a template language, a shell, the kubelet or a YAML reader would like to have for itself."""

from typing import Annotated

from pipec.sdk import pipeline, step

HOSTILE = [
    "{{workflow.name}}", "{{=1+1}}", "{{", "}}", "{{{x}}}", "$(PIPEC_HOSTILE)", "$$", "$$(A)", "$", "`id`", "$HOME",
    "a\nb\tc\r\x00\x07\x7f\x85\u2028\ufeff", "'\"\\", "é日本\U0001f600\U000e0067", "y", "1e3", "~", "# no", "- x", "a: b", "%s {0}",
    "@in/x", "@attempt=3", "\\u007b{", "x=y", " ", "", "-I",
]
TABLE = {"{{a}}": ["{{", {"b}}": "$(X)"}], "": {"": {}}, "$pipec": [1]}


@step
def produce(values: list[str], table: dict[str, object], one: str) -> Annotated[list[str], "texts"]:
    """Gives back what it got: {{workflow.name}} and {{=1}} are {{ text."""
    assert table == TABLE, table
    return [*values, one]


@step
def compare(texts: list[str], one: str, constant: str) -> Annotated[str, "verdict"]:
    assert texts == [*HOSTILE, one], texts
    assert constant == "{{inputs.parameters.one}} $(PIPEC_HOSTILE) $$", constant
    return one


@pipeline
def hostile(one: str = "{{workflow.name}} $(PATH) $$ \n'\"") -> str:
    """Title with {{workflow.name}} and {{=1+1}}, **bold** {{{."""
    texts = produce(values=HOSTILE, table=TABLE, one=one)
    return compare(texts=texts, one=one, constant="{{inputs.parameters.one}} $(PIPEC_HOSTILE) $$")
