"""What surrounds the steps on real Airflow: hooks, the run's record, reuse, look-ups, a run that stops."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_programs import write
from engines import Airflow, DagCase, DagRun
from pipec.runtime.store import Run, Store

CASES: Mapping[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "good": ("lifecycle", {}, {}),
    "other arm": ("lifecycle", {"chosen": False, "values": []}, {}),
    "bad": ("lifecycle", {"value": 9}, {}),
    "bad iteration": ("lifecycle", {"values": [1, 7, 3, 8]}, {}),
    "no start": ("lifecycle", {}, {"NO_START": "1"}),
    "stopped": ("stopped", {}, {}),
    "first": ("reused", {}, {}),
    "second": ("reused", {"size": 4}, {}),
    "third": ("reused", {"size": 4}, {}),
    "looked up": ("looked_up", {}, {}),
    "tracked": ("tracked", {}, {}),
    "tracked again": ("tracked", {"noise": 9}, {}),
}
"""Runs in this order: the program, its parameters, further variables. The last three programs share a store."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def store_of(name: str, folder: Path) -> Path:
    return folder / ("shared" if CASES[name][0] in {"reused", "looked_up", "tracked"} else f"{name} store")


@pytest.fixture(scope="module")
def ended(airflow: Airflow, folder: Path) -> dict[str, DagRun]:
    """Every run."""
    dags = {program: write(program, folder / "dags" / program) for program, _, _ in CASES.values()}
    cases = [
        DagCase(
            dags[program],
            program,
            conf=parameters,
            environment={
                "TRACE": str(folder / f"{name}.txt"),
                "PIPEC_ARTIFACT_ROOT": str(store_of(name, folder)),
                **environment,
            },
        )
        for name, (program, parameters, environment) in CASES.items()
    ]
    return dict(zip(CASES, airflow.run(cases), strict=True))


def trace(name: str, folder: Path) -> list[str]:
    return (folder / f"{name}.txt").read_text().splitlines()


def record(name: str, folder: Path) -> Run:
    """The newest run of the program in the store of the case."""
    return Store(str(store_of(name, folder))).runs.list(CASES[name][0])[0]


def test_a_good_run(ended: dict[str, DagRun], folder: Path) -> None:
    assert ended["good"].state == "success", ended["good"].log
    lines = trace("good", folder)
    assert (lines[0], lines[-2:]) == ("init", ["success", "cleanup"])
    assert lines[1:-2] == ["step success"] * 3
    assert ended["good"].states["on_failure"] == "skipped"
    run = record("good", folder)
    assert run.state == "succeeded"
    assert run.outputs == {"speak": "hello", "last": {"values": [2, 3]}, "collected": [2, 3], "output_3": 1}
    assert run.parameters == {"value": 1, "chosen": True, "values": [1, 2]}
    assert run.operations == {
        "hook.on_init": "succeeded",
        "work": "succeeded",
        "speak": "succeeded",
        "work_2@0": "succeeded",
        "work_2@1": "succeeded",
        "gather": "succeeded",
    }


def test_the_other_arm(ended: dict[str, DagRun], folder: Path) -> None:
    assert ended["other arm"].state == "success", ended["other arm"].log
    run = record("other arm", folder)
    assert run.outputs == {"speak": "hello", "last": 2, "collected": [], "output_3": 1}
    assert run.operations["gather"] == "skipped"


def test_a_bad_run(ended: dict[str, DagRun], folder: Path) -> None:
    run = ended["bad"]
    assert run.state == "failed"
    lines = trace("bad", folder)
    assert "step failure 'value 9'" in lines
    assert lines[-2:] == ["failure KeyError 'value 9'", "cleanup"]
    assert run.states["on_success"] == "skipped"
    assert record("bad", folder).state == "failed"
    assert record("bad", folder).operations["work"] == "failed"


def test_the_first_failure_is_that_of_the_first_iteration(ended: dict[str, DagRun], folder: Path) -> None:
    assert ended["bad iteration"].state == "failed"
    assert trace("bad iteration", folder)[-2:] == ["failure KeyError 'value 7'", "cleanup"]
    run = record("bad iteration", folder)
    assert [run.operations[f"work_2@{index}"] for index in range(4)] == ["succeeded", "failed", "succeeded", "failed"]
    assert "collected" not in run.outputs


def test_a_run_that_cannot_start(ended: dict[str, DagRun], folder: Path) -> None:
    assert ended["no start"].state == "failed"
    assert trace("no start", folder) == ["init", "failure RuntimeError no start", "cleanup"]
    assert ended["no start"].states["work"] == "upstream_failed"


def test_a_run_that_stops(ended: dict[str, DagRun], folder: Path) -> None:
    run = ended["stopped"]
    assert (run.state, run.states["bad"]) == ("failed", "failed")
    assert run.states["good_4"] == "skipped"
    assert record("stopped", folder).state == "failed"


def test_results_are_reused(ended: dict[str, DagRun], folder: Path) -> None:
    assert ended["first"].state == ended["second"].state == ended["third"].state == "success", ended["third"].log
    assert sorted(trace("first", folder)) == ["double 0", "double 1", "double 2", "fresh", "load"]
    assert sorted(trace("second", folder)) == ["double 0", "double 1", "double 2", "double 3", "fresh", "load"]
    assert trace("third", folder) == ["fresh"]
    runs = Store(str(folder / "shared")).runs.list("reused")
    assert [run.outputs["doubled"] for run in runs] == [[0, 2, 4, 6], [0, 2, 4, 6], [0, 2, 4]]


def test_look_ups_in_the_store(ended: dict[str, DagRun], folder: Path) -> None:
    """The newest version is that of the second run: the third has reused it."""
    assert ended["looked up"].state == "success", ended["looked up"].log
    assert record("looked up", folder).outputs == {"show": "[0, 1, 2, 3] [0, 1, 2, 3]"}


def test_what_is_tracked(ended: dict[str, DagRun], folder: Path) -> None:
    """A model with its metadata, names with placeholders; the cache leaves the noise out; metadata that is not wanted."""
    assert ended["tracked"].state == ended["tracked again"].state == "success", ended["tracked again"].log
    assert trace("tracked", folder) == ["fit 2 0", "measure"]
    assert trace("tracked again", folder) == ["measure"]
    store = Store(str(folder / "shared"))
    artifact = store.artifacts.get("fitted_linear")
    assert (artifact.version, list(artifact.tags)) == ("1", ["small"])
    model = store.models.get("tracked")
    assert (model.number, model.metadata, list(model.tags)) == (2, {"size": 2}, ["tried"])
    records = {
        attempt.instance: attempt.record
        for attempt in store.runs.attempts("tracked", store.runs.list("tracked")[0].run)
    }
    assert {name: record and record["state"] for name, record in records.items()} == {
        "fit": "cached",
        "measure": "succeeded",
    }
