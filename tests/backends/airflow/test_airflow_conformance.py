"""The conformance suite, compiled for Airflow and run by `dag.test()`: the same traces as everywhere else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from airflow_conformance import Prepared
from conformance import NAMES, Trace, program

if TYPE_CHECKING:
    from engines import Airflow, DagRun

CHOSEN = [
    name
    for name in NAMES
    if not {"", "airflow"} & set(program(name).refused) and "airflow" not in program(name).differs
]
LONG = frozenset({"loops/thousand"})
RUNS = [
    pytest.param(name, index, id=f"{name} {index}", marks=[pytest.mark.soak] if index or name in LONG else [])
    for name in CHOSEN
    for index in range(len(program(name).runs))
]
"""The first run of each program; `make soak` has the others, too."""

Key = tuple[str, int]


@pytest.fixture(scope="module")
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Prepared]:
    """The runs that were chosen with this process's tests."""
    folder = tmp_path_factory.mktemp("conformance")
    functions = [
        each for each in request.session.items if isinstance(each, pytest.Function) and hasattr(each, "callspec")
    ]
    own = [each.callspec.params for each in functions if each.module is request.module]
    keys = dict.fromkeys((str(each["name"]), int(str(each["index"]))) for each in own if "index" in each)
    return {
        (name, index): Prepared(program(name), program(name).runs[index], folder / f"{name.replace('/', '-')}-{index}")
        for name, index in keys
    }


@pytest.fixture(scope="module")
def reports(airflow: Airflow, prepared: dict[Key, Prepared]) -> dict[Key, DagRun]:
    """All runs, in two processes."""
    ready = {key: each.case for key, each in prepared.items() if not each.refused}
    halves = [list(ready)[::2], list(ready)[1::2]]
    with ThreadPoolExecutor(len(halves)) as pool:
        answers = pool.map(lambda keys: airflow.run([ready[key] for key in keys]), halves)
        return {
            key: run for keys, runs in zip(halves, answers, strict=True) for key, run in zip(keys, runs, strict=True)
        }


@pytest.mark.parametrize(("name", "index"), RUNS)
def test_airflow_agrees(prepared: dict[Key, Prepared], reports: dict[Key, DagRun], name: str, index: int) -> None:
    this, expected = prepared[name, index], program(name).runs[index]
    assert not this.refused
    report = reports[name, index]
    trace = this.trace(report)
    if expected.is_checked:
        assert (trace.state, dict(trace.ran)) == ("failed", {})
        return
    assert str(shown(trace)) == str(shown(expected.expected)), (
        f"{dict(report.states)}\n{report.error}\n{report.log[-2000:]}"
    )


@pytest.mark.parametrize("name", [name for name in NAMES if "airflow" in program(name).refused])
def test_what_airflow_refuses(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    this = Prepared(program(name), program(name).runs[0], tmp_path_factory.mktemp("refused") / "run")
    assert this.refused == program(name).refused["airflow"]


def shown(trace: Trace) -> Trace:
    """The trace with its outputs as JSON has them: a tuple is a list."""
    return replace(trace, outputs=json.loads(json.dumps(dict(trace.outputs))))
