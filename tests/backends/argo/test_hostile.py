"""Values that look like tags, variables or markup come through a whole run unchanged, wherever they enter."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from pipec.backends.argo.text import number
from pipec.backends.argo_interpreter import submit
from pipec.compiler.driver import compile

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [
    *("{", "}", "{{", "}}", "{{workflow.name}}", "{{inputs.parameters.given}}", "{{=1+1}}", "{{item}}", "{{= ", "{{x"),
    *(
        "$",
        "$$",
        "$(",
        ")",
        "$(PATH)",
        "$(HOME)",
        "$$(HOME)",
        "\\",
        '"',
        "'",
        "`",
        "&",
        "<",
        ">",
        "%",
        "#",
        "@in/x",
        "=",
    ),
    *("\n", "\t", "\r", "\x00", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "é", "\U0001f600", "\U000e0067", "\ud800"),
    *("a", " ", "u0024", "null", "true", "1e5", "- ", ": ", "|", "---\n", "\\u007b", "\\u0024"),
]
BATCH = 25
"""Values that one process handles."""


def drawn(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choice(PIECES) for _ in range(draw.randint(0, 9))) for _ in range(count)]


def program(literals: list[str]) -> str:
    """Values as a literal, as parameters, as what a step gives and as what a loop goes over; each comes out as it is."""
    return f"""\
from pipec.sdk import pipeline, step

@step
def same(values: list[str]) -> list[str]:
    return values

@step
def each(values: list[str], whole: list[list[str]]) -> list[str]:
    assert values in whole
    return values

@step
def one(text: str) -> str:
    return text

@step
def table(values: list[str]) -> dict[str, str]:
    return {{value: value for value in values}}

@pipeline
def hostile(given: list[list[str]], typed: str):
    made = same({literals!r})
    batches = []
    for values in given:
        batches.append(each(values, given))
    return made, same(made), batches, one(typed), table(made), given, typed
"""


def ran(values: list[str], folder: Path, typed: str, given_text: str | None = None) -> None:
    """One run with all values as each kind."""
    (folder / "hostile.py").write_text(program(values), encoding="utf-8")
    compilation = compile(folder / "hostile.py", "argo")
    assert compilation.files, [one.message for one in compilation.diagnostics]
    batches = [values[start : start + BATCH] for start in range(0, len(values), BATCH)]
    given: Any = batches
    arguments = {"given": given_text or number(given), "typed": json.dumps(typed, ensure_ascii=not typed.isprintable())}
    run = submit(compilation.files[0].text, folder / "run", arguments)
    told = {name: f"{node.message} {node.log[-800:]}" for name, node in run.nodes.items() if node.is_failed}
    assert run.phase == "Succeeded", told
    found = [json.loads(text) for text in run.outputs.parameters.values()]
    assert found == [values, values, batches, typed, {value: value for value in values}, batches, typed]


def test_two_hundred_values_come_through(tmp_path: Path) -> None:
    ran(drawn(200, 1), tmp_path, "{{workflow.name}} $(PATH) $$ {{")


@pytest.mark.soak
@pytest.mark.parametrize("part", range(25))
def test_five_thousand_values_come_through(part: int, tmp_path: Path) -> None:
    values = drawn(200, 100 + part)
    ran(values, tmp_path, "".join(values[:3]).replace("\ud800", ""))


@pytest.mark.parametrize(
    "typed",
    [
        "{{workflow.name}}",
        "{{=1+1}} {{=sprig.sha256sum('x')}}",
        "{{{{x}}}} }} {{",
        "$(HOME) $$(HOME) $$",
        "{{inputs.parameters.typed}} \" \\ ' é",
        "{{workflow.parameters.typed}}",
    ],
)
def test_text_that_a_person_types_comes_through(typed: str, tmp_path: Path) -> None:
    values = [typed, typed * 2]
    ran(values, tmp_path, typed, json.dumps([values], ensure_ascii=False))
