"""Conditions and loops that a run decides: on real Airflow the outputs are those of plain Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_programs import HERE, pipeline_of, write
from engines import Airflow, DagCase, DagRun
from oracle import plain_outputs
from pipec.compiler.ir.values import Output

RUNS: list[tuple[str, dict[str, Any]]] = [
    ("branches", {}),
    ("branches", {"size": 0, "name": "{{ 1 }}"}),
    ("branches", {"size": 0, "strict": True}),
    ("branches", {"size": 6}),
    ("branches", {"size": 6, "name": "x"}),
    ("branches", {"size": 6, "strict": True}),
    ("loops", {}),
    ("loops", {"count": 0, "extra": []}),
    ("loops", {"count": 1, "rate": 0.1}),
    ("loops", {"count": 3, "rate": 60.0}),
    ("nested_loops", {}),
    ("nested_loops", {"count": 0}),
    ("nested_loops", {"count": 1}),
    ("nested_loops", {"count": 3, "skipped": 0}),
    ("loops_in_arms", {}),
    ("loops_in_arms", {"kind": "odd"}),
    ("loops_in_arms", {"kind": "none"}),
    ("loops_in_arms", {"kind": "odd", "count": 0}),
    ("loops_in_arms", {"count": 1}),
    ("loop_failures", {"bad": 5}),
    ("loop_failures", {"bad": 5, "use": True, "values": []}),
]
"""Runs that succeed, each with its parameters."""

FAILING: dict[str, dict[str, Any]] = {
    "an iteration": {},
    "what a skipped arm needs": {"bad": -1},
    "what an empty loop needs": {"bad": -1, "values": []},
    "what an arm needs": {"bad": -1, "use": True},
}
"""Runs of `loop_failures` that fail."""


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(scope="module")
def ended(airflow: Airflow, homes: Path, tmp_path_factory: pytest.TempPathFactory) -> list[DagRun]:
    """Every run, in the order of `RUNS` and `FAILING`."""
    folders = {name: write(name, tmp_path_factory.mktemp("dags")) for name in dict.fromkeys(name for name, _ in RUNS)}
    asked = [*RUNS, *(("loop_failures", parameters) for parameters in FAILING.values())]
    return airflow.run(
        [
            DagCase(folders[name], name, conf=parameters, home=homes / str(number))
            for number, (name, parameters) in enumerate(asked)
        ]
    )


@pytest.mark.parametrize("number", range(len(RUNS)), ids=[f"{name}-{parameters}" for name, parameters in RUNS])
def test_outputs_are_those_of_plain_python(number: int, ended: list[DagRun]) -> None:
    (name, parameters), run = RUNS[number], ended[number]
    assert run.state == "success", run.log
    assert set(run.states.values()) <= {"success", "skipped"}
    (output,) = pipeline_of(name).outputs
    assert isinstance(output.value, Output)
    value = json.loads(run.xcoms[output.value.operation]["output"])
    found = json.loads(value["value"]) if isinstance(value, dict) else value
    assert [found] == plain_outputs(HERE / "programs" / f"{name}.py", name, 1, parameters)


def failed(ended: list[DagRun], name: str) -> dict[Any, str | None]:
    run = ended[len(RUNS) + list(FAILING).index(name)]
    assert run.state == "failed"
    return dict(run.states)


def test_an_iteration_that_fails(ended: list[DagRun]) -> None:
    states = failed(ended, "an iteration")
    assert [states["half", index] for index in range(3)] == ["success", "failed", "success"]
    assert [states["inc", index] for index in range(3)] == ["success", "upstream_failed", "success"]
    assert states["total"] == "upstream_failed"
    assert states["consume"] == "skipped"


def test_a_failure_that_only_skipped_steps_need(ended: list[DagRun]) -> None:
    """No other leaf of the DAG shows it."""
    states = failed(ended, "what a skipped arm needs")
    assert (states["fragile"], states["end"], states["total"]) == ("failed", "upstream_failed", "success")
    states = failed(ended, "what an empty loop needs")
    assert (states["fragile"], states["end"], states["total"]) == ("failed", "upstream_failed", "success")


def test_a_failure_that_an_arm_needs(ended: list[DagRun]) -> None:
    states = failed(ended, "what an arm needs")
    assert (states["fragile"], states["consume"], states["total"]) == ("failed", "upstream_failed", "success")


def test_iterations_have_folders_of_their_own(ended: list[DagRun], homes: Path) -> None:
    (number,) = (index for index, (name, parameters) in enumerate(RUNS) if name == "nested_loops" and not parameters)
    assert ended[number].state == "success"
    (run,) = (homes / f"{number}/pipec/runs/nested_loops").iterdir()
    places = sorted(path.name for path in run.glob("train@*"))
    assert places == ["train@1.0", "train@2.0", "train@2.1", "train@3.0", "train@3.1", "train@3.2"]
