"""Every program of the suite: its expectation against plain Python, and the local executor against its expectation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance import NAMES, Local, Program, Run, Trace, compiled, program, run_plainly
from pipec.compiler.diagnostics import has_errors

RUNS = [(name, index) for name in NAMES for index in range(len(program(name).runs))]


def test_the_suite_is_of_its_size() -> None:
    assert len(NAMES) >= 80


@pytest.mark.parametrize("name", NAMES)
def test_what_compiles_and_what_does_not(name: str) -> None:
    refused = program(name).refused.get("")
    found = {one.code for one in compiled(name).diagnostics if one.is_error}
    assert found == (set() if refused is None else {refused}), [one.message for one in compiled(name).diagnostics]


@pytest.mark.parametrize(
    ("name", "index"), [(name, index) for name, index in RUNS if program(name).runs[index].is_plain]
)
def test_plain_python_agrees(name: str, index: int, tmp_path: Path) -> None:
    """The oracle of DESIGN §4: the body, each step a plain function."""
    this, run = program(name), program(name).runs[index]
    (pipeline,) = compiled(name).pipelines
    plain = run_plainly(this.file, pipeline.symbol.rpartition(":")[2], run.values(tmp_path), tmp_path)
    assert plain.raises == run.raises
    if not run.raises:
        assert dict(plain.ran) == dict(run.expected.ran)
        names = [output.name for output in pipeline.outputs]
        values = plain.value if plain.is_tuple and len(names) > 1 else [plain.value] if names else []
        assert dict(zip(names, values, strict=True)) == plain_json(run.expected.outputs)


def plain_json(value: object) -> object:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("name", "index"), RUNS)
def test_the_local_executor_agrees(name: str, index: int, tmp_path: Path) -> None:
    check(Local(), program(name), program(name).runs[index], tmp_path)


def check(executor: Local, this: Program, run: Run, folder: Path) -> None:
    compilation = compiled(this.name)
    assert not has_errors(compilation.diagnostics), [one.message for one in compilation.diagnostics]
    (pipeline,) = compilation.pipelines
    trace = executor.run(this, pipeline, run.values(folder), folder)
    if run.is_checked:
        assert (trace.state, dict(trace.ran)) == ("failed", {})
        return
    assert str(shown(trace)) == str(shown(run.expected))


def shown(trace: Trace) -> Trace:
    """The trace with its outputs as JSON has them: a tuple is a list."""
    from dataclasses import replace

    return replace(trace, outputs=plain_json(dict(trace.outputs)))  # type: ignore[arg-type]
