"""Generated programs of conditions and loops: on real Airflow they return what Python does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from airflow_programs import legalized
from bodies import PARAMETERS, programs
from engines import Airflow, DagCase
from pipec.backends.airflow import backend
from pipec.compiler.driver import compile
from pipec.compiler.ir.model import ForEach, If
from pipec.compiler.ir.walk import operations
from pipec.runtime.store import Store
from plain_bodies import run_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Pipeline


@dataclass(frozen=True)
class Case:
    """A program that compiles, its parameters, and what Python returns."""

    text: str
    pipeline: Pipeline
    parameters: Mapping[str, Any]
    expected: Any


def returned(program: str, parameters: Mapping[str, Any]) -> Any:
    value, _ = run_python(program, dict(parameters))
    return value


def cases(count: int, start: int, folder: Path) -> list[Case]:
    """So many programs that a run has something to decide in."""
    found: list[Case] = []

    @seed(start)
    @settings(
        max_examples=count * 20,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        deadline=None,
    )
    @given(programs(), PARAMETERS)
    def gather(program: str, parameters: dict[str, Any]) -> None:
        if len(found) >= count:
            return
        file = folder / f"p{len(found)}" / "program.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(program, encoding="utf-8")
        pipelines = compile(file, None, pipeline="p").pipelines
        if not pipelines or not any(isinstance(one, If | ForEach) for one in operations(pipelines[0].body)):
            return
        given_ = {name: value for name, value in parameters.items() if name not in pipelines[0].frozen}
        if pipelines[0].frozen:
            return
        try:
            expected = returned(program, given_)
        except (NameError, ZeroDivisionError, ValueError):
            return
        found.append(Case(program, pipelines[0], given_, expected))

    gather()
    return found


def check(airflow: Airflow, found: list[Case], folder: Path) -> None:
    """Run them all in one call."""
    asked: list[DagCase] = []
    for number, case in enumerate(found):
        files, faults = legalized(case.pipeline)
        assert [one.message for one in faults if one.is_error] == [], case.text
        assert list(backend.check(files)) == [], case.text
        dags = folder / f"dags{number}"
        for file in files:
            (dags / file.path).parent.mkdir(parents=True, exist_ok=True)
            (dags / file.path).write_text(file.text, encoding="utf-8")
        environment = {"PIPEC_ARTIFACT_ROOT": str(folder / f"store{number}")}
        asked.append(DagCase(dags, case.pipeline.name, conf=case.parameters, environment=environment))
    wrong: list[str] = []
    for number, (case, run) in enumerate(zip(found, airflow.run(asked), strict=True)):
        about = f"{case.text}\n{dict(case.parameters)}\n{dict(run.states)}\n{run.error}\n{run.log[-3000:]}"
        records = Store(str(folder / f"store{number}")).runs.list(case.pipeline.name)
        if run.state != "success" or [list(one.outputs.values()) for one in records] != [[case.expected]]:
            wrong.append(f"{about}\n{case.expected!r} {records}")
    assert not wrong, f"{len(wrong)} of {len(found)}: {wrong[0]}"


def test_a_sample(airflow: Airflow, tmp_path: Path) -> None:
    found = cases(8, 2026, tmp_path)
    assert len(found) == 8
    check(airflow, found, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(10))
def test_many(airflow: Airflow, start: int, tmp_path: Path) -> None:
    check(airflow, cases(30, start, tmp_path), tmp_path)
