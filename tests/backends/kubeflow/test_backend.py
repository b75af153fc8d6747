"""Specs as Kubeflow's backend would run them, by an interpreter written after its source (tests/support/kubeflow_backend.py).

It has what `kfp.local` lacks: CEL itself, the driver's look-up of results, skipped tasks that stop what waits for them.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from bodies import PARAMETERS, programs
from conformance import NAMES, Trace, program
from kubeflow_backend import Backend, DriverError
from kubeflow_programs import Prepared, typed, value_of
from pipec.compiler import compile
from plain_bodies import run_python

UNFIT = {
    "failures/in_a_later_condition": "the gate of a condition waits for all that the conditions read",
    "failures/timeout": "time-outs are Kubernetes' own",
    "loops/thousand": "it takes long",
}
RUNS = [
    pytest.param(name, index, id=f"{name} {index}")
    for name in NAMES
    if not {"", "kubeflow"} & set(program(name).refused) and name not in UNFIT
    for index in range(len(program(name).runs))
]


@pytest.mark.parametrize(("name", "index"), RUNS)
def test_the_suite(name: str, index: int, tmp_path: Path) -> None:
    expected = program(name).runs[index]
    this = Prepared(program(name), expected, tmp_path)
    assert not this.refused
    case = this.case
    (tmp_path / "home").mkdir()
    backend = Backend(this.text, tmp_path / "home", case.environment)
    if expected.is_checked:
        with_error = _failed(backend, case.arguments)
        assert with_error
        return
    report = backend.run(case.arguments)
    trace = this.trace(report)
    wanted = replace(expected.expected, skipped={}, stopped={})
    if trace.state == "failed":
        wanted = replace(wanted, outputs={})
    assert str(shown(trace)) == str(shown(wanted)), f"{report.error}\n{report.log[-3000:]}"


def _failed(backend: Backend, arguments: Any) -> bool:
    """Whether no step's function ran: the API refuses, or the step that takes the parameter does."""
    try:
        report = backend.run(arguments)
    except DriverError:
        return True
    return report.state == "failed" and all(task.state == "failed" for task in report.tasks)


def shown(trace: Trace) -> Trace:
    return replace(trace, outputs=json.loads(json.dumps(dict(trace.outputs))))


def agrees(text: str, parameters: dict[str, Any]) -> None:
    """Runs a generated program, if it compiles, and compares its result with Python's."""
    note(text)
    note(repr(parameters))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(text, encoding="utf-8")
        compilation = compile(file, "kubeflow", pipeline="p")
        assume(compilation.files)
        (pipeline,) = compilation.pipelines
        assume(not pipeline.frozen)
        try:
            expected, _ = run_python(text, parameters)
        except (NameError, ZeroDivisionError, ValueError):
            assume(False)
        home = Path(folder) / "home"
        home.mkdir()
        report = Backend(compilation.files[0].text, home).run(typed(pipeline, parameters))
        assert report.state == "success", f"{report.error}\n{report.log[-3000:]}"
        values = [value_of(report.outputs[output.name]) for output in pipeline.outputs]
        assert values == [expected]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    deadline=None,
    derandomize=True,
)
@given(programs(), PARAMETERS)
def test_generated_programs(text: str, parameters: dict[str, Any]) -> None:
    agrees(text, parameters)


@pytest.mark.soak
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(programs(), PARAMETERS)
def test_generated_programs_at_length(text: str, parameters: dict[str, Any]) -> None:
    agrees(text, parameters)
