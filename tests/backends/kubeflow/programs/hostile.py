from pipec.sdk import pipeline, step

TEXTS = [
    "{{workflow.name}}",
    "{{$}}",
    "{{$.inputs.parameters['text']}}",
    "{{$.foo}}",
    "{{=1+1}}",
    "}} {{",
    "$(HOME) $$ ${HOME} `id`",
    "use python3 please",
    "/kfp-workspace/x",
    "it's \"quoted\" \\ back",
    "line\nbreak\ttab",
    "\x7f\x00\x1b",
    "é 漢 \U0001f600 \u2028",
    "",
    "  padded  ",
    "yes",
    "1e3",
    "null",
    '{"Concat": ["a"]}',
    '{"IfPresent": 1}',
    "# not a comment",
    "---",
]


@step
def echo(texts: list[str]) -> list[str]:
    return texts


@step
def same(texts: list[str], again: list[str], table: dict[str, str]) -> bool:
    return texts == again == TEXTS and table == {text: text for text in TEXTS}


@pipeline
def hostile() -> bool:
    """Constants and results that a template language would take for its own."""
    return same(echo(TEXTS), TEXTS, {text: text for text in TEXTS})
