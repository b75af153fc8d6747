"""A pipeline means what Python would do if it ran the body with every step called as a plain function (DESIGN §4).

Programs are generated; what lowering makes of them is executed by an interpreter of the IR of the tests' own, and
compared with Python running the same text: the same result, and the same calls with the same arguments.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from bodies import PARAMETERS, programs
from ir_reference import Run, plain
from pipec.compiler.frontend import lower_file
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.verifier import verify
from pipec.compiler.passes import run_passes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.model import Pipeline

REFUSALS = {"PC0312", "PC0322", "PC0323", "PC0324", "PC0325", "PC0326", "PC0327", "PC0209", "PC0206", "PC0308"}
"""What may be said of a generated program: it is valid Python, but not each is a graph."""


def lower(program: str) -> tuple[Pipeline | None, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(program, encoding="utf-8")
        found = lower_file(Path(folder), file, pipeline="p")
    codes = [one.code for one in found.diagnostics if one.is_error]
    return (found.pipelines[0] if found.pipelines else None), codes


def run_python(program: str, parameters: dict[str, Any]) -> tuple[Any, Counter[str]]:
    """What Python's own execution of the pipeline returns, and the calls of steps."""
    calls: Counter[str] = Counter()
    names: dict[str, Any] = {"step": lambda function: noted(function, calls), "pipeline": lambda function: function}
    exec(program.replace("from pipec.sdk import pipeline, step", ""), names)
    return names["p"](**parameters), calls


def noted(function: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    def call(*positional: Any, **keywords: Any) -> Any:
        calls[f"{function.__name__}{(*positional, *keywords.values())!r}"] += 1
        return function(*positional, **keywords)

    return call


def run_graph(program: str, pipeline: Pipeline, parameters: dict[str, Any]) -> tuple[list[Any], Counter[str]]:
    calls: Counter[str] = Counter()
    names: dict[str, Any] = {"step": lambda function: noted(function, calls), "pipeline": lambda function: function}
    exec(program.replace("from pipec.sdk import pipeline, step", ""), names)
    steps = {symbol: names[symbol.partition(":")[2]] for symbol in pipeline.steps}
    return Run(pipeline, steps, parameters).outputs(), calls


def check(program: str, parameters: dict[str, Any]) -> str:
    """Compares the two; returns "refused", "raises" or "agrees"."""
    note(program)
    pipeline, codes = lower(program)
    if pipeline is None:
        assert set(codes) <= REFUSALS, codes
        return "refused"
    assert verify(pipeline) == []
    note(print_pipeline(pipeline))
    pipeline, faults = run_passes(pipeline)
    assert [one for one in faults if one.is_error] == []
    fixed = {name: plain(one.value) for name, one in pipeline.frozen.items()}
    parameters = {**parameters, **fixed}
    note(repr(parameters))
    try:
        expected, expected_calls = run_python(program, parameters)
    except (NameError, ZeroDivisionError, ValueError):
        return "raises"
    outputs, calls = run_graph(program, pipeline, parameters)
    assert outputs == [expected]
    assert calls == expected_calls
    return "agrees"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs(), PARAMETERS)
def test_graph_means_what_python_does(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters)


@pytest.mark.soak
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs(may_alias=True), PARAMETERS)
def test_graph_means_what_python_does_at_length(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters)
