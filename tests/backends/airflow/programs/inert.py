r"""Text that Jinja, a formatter, a terminal or a reader of Python would like to have for itself."""

import os
from typing import Annotated

from pipec.sdk import pipeline, step

HOSTILE = [
    "{{ 7 * 7 }}", "{{ macros.uuid.os.popen('id').read() }}", "{% raw %}", "{# gone #}", "{{ 1 +", "${#arr}", "run.sh",
    "a\n", "\nb", "a\r\nb\tc\x00\x07\x7f\x85\u2028\ufeff\u202e", "'\"\\", '"""', "'''", "\\N{DIGIT ONE}", "\ud800",
    "é日本\U0001f600\U000e0067", "1e3", "None", "...", "# no", "%s {0} {x!r}", "$(id) `id` $HOME", "", " ", "\\",
]
TABLE = {"{{ a }}": ["{{", {"b}}": "{% x %}"}], "": {"": {}}, "__type": 1, "__var": 2, "__classname__": "x", "$pipec": [1]}


@step(environment={"BRACES": "{{ run_id }} {% %} \"'\\", "ACCENTS": "é\n"})
def produce(values: list[str], table: dict[str, object], one: str) -> Annotated[list[str], "{{ texts }} é"]:
    """Gives back what it got: {{ run_id }} and {% raw %} are text, \\ and \""" too."""
    assert table == TABLE, table
    assert values == HOSTILE, values
    assert os.environ["BRACES"] == "{{ run_id }} {% %} \"'\\", os.environ["BRACES"]
    assert os.environ["ACCENTS"] == "é\n", os.environ["ACCENTS"]
    return [*values, one]


@step
def compare(texts: list[str], one: str, constant: str) -> Annotated[str, "verdict"]:
    assert texts == [*HOSTILE, one], texts
    assert constant == "{{ params.one }} $(id)", constant
    return one


@pipeline(tags=["{{ a }}"])
def inert(one: str = "{{ 7 * 7 }} {% raw %} \n'\"") -> str:
    r"""Title with {{ run_id }}, \""" and {% raw %} "quoted"

    Args:
        one: say "{{ one }}" \n or '''.
    """
    texts = produce(values=HOSTILE, table=TABLE, one=one)
    return compare(texts=texts, one=one, constant="{{ params.one }} $(id)")
