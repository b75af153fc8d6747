"""The JSON form: exact round trips, one text, faults with their place, a published schema that is current."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from pipec.compiler.ir import json as ir_json
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Block, Call, Closure, Pipeline, StepDef, StepOutput
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.schema import schema
from pipec.compiler.ir.types import INT
from pipec.compiler.ir.verifier import verify
from pipec.compiler.source import Position, Span
from strategies import pipelines

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "reference" / "ir.schema.json"
SPAN = Span("p.py", Position(3, 5), Position(3, 11))
VALIDATOR = jsonschema.Draft202012Validator(schema())


def small() -> Pipeline:
    step = StepDef("steps:load", "load", (), (StepOutput("output", INT, "parameter"),), SPAN, Closure("sha256:0"))
    call = Call("load", "steps:load", {}, SPAN, Config())
    return Pipeline("small", "p:small", (), Block((call,)), (), {"steps:load": step}, Config(), SPAN)


@given(pipelines())
@settings(max_examples=80)
def test_what_is_written_is_read_back(pipeline: Pipeline) -> None:
    assert verify(pipeline) == []
    text = ir_json.write(pipeline)
    again, faults = ir_json.read(text, "p.ir.json")
    assert faults == []
    assert again is not None
    assert again == pipeline
    assert ir_json.write(again) == text
    assert print_pipeline(again) == print_pipeline(pipeline)


@given(pipelines())
@settings(max_examples=15)
def test_what_is_written_follows_the_published_schema(pipeline: Pipeline) -> None:
    VALIDATOR.validate(json.loads(ir_json.write(pipeline)))


def test_the_published_schema_is_current(request: pytest.FixtureRequest) -> None:
    current = json.dumps(schema(), indent=2) + "\n"
    if request.config.getoption("--bless"):
        SCHEMA_FILE.parent.mkdir(parents=True, exist_ok=True)
        SCHEMA_FILE.write_text(current, encoding="utf-8")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == current, "run pytest --bless tests/unit/ir/test_json.py"


def test_the_form_is_one_line_for_what_fits() -> None:
    assert '      {"kind": "call", "id": "load", "step": "steps:load", "arguments": {}, "span": ' in ir_json.write(
        replace(small(), body=Block((*small().body.operations, replace(small().body.operations[0], id="load_2"))))
    )


def changed(path: list[str | int], value: object) -> str:
    """The small pipeline's text with one place changed; `...` takes it out."""
    document: Any = json.loads(ir_json.write(small()))
    node = document
    for part in path[:-1]:
        node = node[part]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return json.dumps(document, indent=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not JSON: expecting value"),
        ("{", "not JSON: expecting property name enclosed in double quotes"),
        ("[" * 100_000, "not JSON that can be read: it is nested too deep"),
        ('{"pipec_ir": 1, "x": NaN}', "not JSON that can be read: NaN is no JSON number"),
        ("[]", "not a pipeline of pipec: it has no `pipec_ir`"),
        ('{"pipec_ir": 2}', "version 2 of the form is not the one that is read, 1"),
        (changed(["name"], 3), "`name`: input should be an instance of str"),
        (changed(["name"], ...), "the pipeline has no `name`"),
        (changed(["unheard"], 1), "`unheard` is not a field of this form"),
        (changed(["body", "operations", 0, "id"], ...), "`body.operations[0]` has no `id`"),
        (
            changed(["body", "operations", 0, "kind"], "goto"),
            "`body.operations[0]`: input tag 'goto' found using 'kind'",
        ),
        (changed(["body", "operations", 0, "span"], "p.py"), "`body.operations[0].span`: input should be a span"),
        (
            changed(["body", "operations", 0, "config", "timeout"], "1"),
            "`body.operations[0].config.timeout`: input should be a valid number",
        ),
        (changed(["body", "operations", 0, "step"], "steps:lost"), "step `steps:lost` is not in the table"),
        (changed(["code"], [{"path": "../x.py", "text": ""}]), "`../x.py` is not a path below the code root"),
    ],
)
def test_a_bad_file_is_a_diagnostic(text: str, expected: str) -> None:
    pipeline, faults = ir_json.read(text, "p.ir.json")
    assert pipeline is None
    assert {fault.code for fault in faults} == {"PC0107"}
    assert any(expected in fault.message for fault in faults), [fault.message for fault in faults]


def test_a_fault_is_found_in_the_text() -> None:
    _, (fault,) = ir_json.read(changed(["body", "operations", 0, "span"], "nowhere"), "p.ir.json")
    lines = changed(["body", "operations", 0, "span"], "nowhere").splitlines()
    assert fault.span is not None
    start, end = fault.span.start, fault.span.end
    assert start.line == end.line
    assert lines[start.line - 1][start.column - 1 : end.column - 1] == '"nowhere"'


def test_deep_nesting_is_read_or_refused() -> None:
    depth = 2_000
    head = '{"operations": [{"kind": "group", "id": "g%d", "pipeline": "g", "results": {}, "span": "p.py:1:1-1:2", "body": '
    nested = "".join(head % level for level in range(depth)) + '{"operations": []}' + "}]}" * depth
    text = changed(["body"], "BODY").replace('"BODY"', nested)
    pipeline, faults = ir_json.read(text, "p.ir.json")
    assert pipeline is None
    assert {fault.code for fault in faults} == {"PC0107"}
