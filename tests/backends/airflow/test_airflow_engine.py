"""Airflow imports every file, makes the same DAG of it whatever the hash seed, and runs it: the outputs are what Python gives."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_programs import CONTROL, PROGRAMS, pipeline_of, write
from engines import Airflow, DagCase, DagRun
from pipec.backends.airflow.names import xcom_key
from pipec.compiler.ir.values import Output

# Airflow's own, on reading any `.airflowignore`.
_NOT_OURS = ("pathspec", "file_discovery")

CONF: Mapping[str, dict[str, Any]] = {"parameters": {"count": 7, "rates": [1, 2.5], "layers": [3], "day": "2025-01-31"}}
ENVIRONMENT: Mapping[str, dict[str, str]] = {
    "settings": {"AIRFLOW_VAR_WAREHOUSE": '{"USER_OF_IT": "{{ me }}", "LIMIT": 3, "PORT": "1"}'},
    "facts": {"PLACE": "{{ somewhere }}"},
}
DAG_IDS = {"names": "names_things"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: write(name, tmp_path_factory.mktemp("dags")) for name in PROGRAMS}


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def runs(airflow: Airflow, folders: dict[str, Path], traces: Path) -> dict[str, DagRun]:
    """One run of each program; `refused` is one with a parameter that does not fit."""
    cases = {
        name: DagCase(
            folder,
            DAG_IDS.get(name, name),
            CONF.get(name),
            {"TRACE": str(traces / name), "PIPEC_ARTIFACT_ROOT": str(traces / "store"), **ENVIRONMENT.get(name, {})},
        )
        for name, folder in folders.items()
        if name not in CONTROL
    }
    cases["refused"] = DagCase(folders["parameters"], "parameters", {"count": "seven"})
    return dict(zip(cases, airflow.run(list(cases.values())), strict=True))


def test_imports_and_serialises(airflow: Airflow, folders: dict[str, Path]) -> None:
    one, other = (airflow.check(list(folders.values()), seed) for seed in ("1", "77"))
    for name, first, second in zip(folders, one, other, strict=True):
        assert first.errors == (), name
        assert [text for text in first.warnings if not any(part in text for part in _NOT_OURS)] == [], name
        assert list(first.tasks) == [DAG_IDS.get(name, name)]
        assert first.serialized == second.serialized, name


def outputs(name: str, run: DagRun) -> dict[str, Any]:
    """What the pipeline returned, read from the XComs that the DAG's docs name."""
    found: dict[str, Any] = {}
    for output in pipeline_of(name).outputs:
        assert isinstance(output.value, Output)
        value = json.loads(run.xcoms[output.value.operation][xcom_key(output.value.name)])
        found[output.name] = json.loads(value["value"]) if isinstance(value, dict) and "artifact" in value else value
    return found


EXPECTED: Mapping[str, dict[str, Any]] = {
    "inert": {"verdict": "{{ 7 * 7 }} {% raw %} \n'\""},
    "numbers": {"output": f"{2**70} -inf 5e-324 True None -1.5e-07 3.0"},
    "frames": {"output": "6 \u00e9{{ at int64"},
    "names": {"output": 5},
    "attempts": {"output": "attempt 2"},
    "facts": {"output": "{{ somewhere }} {{ fallback }}"},
    "scheduled": {"output": "tock"},
    "settings": {"look": "{{ me }} 8080 3", "name": "settings.name"},
    "parameters": {"text": "a [1.0, 2.5] {'x': 1} None True (3,) 31.01. x 3 7"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_outputs(name: str, runs: dict[str, DagRun]) -> None:
    run = runs[name]
    assert run.state == "success", run.log
    assert list(outputs(name, run).values()) == list(EXPECTED[name].values())


def test_attempts_have_folders_of_their_own(runs: dict[str, DagRun], traces: Path) -> None:
    assert runs["attempts"].tries["flaky"] == 3
    (folder,) = (traces / "store/runs/attempts").glob("*/flaky")
    kept = {path.name: sorted(file.name for file in path.iterdir()) for path in sorted(folder.iterdir())}
    assert kept == {
        "1": ["error.json", "record.json"],
        "2": ["error.json", "record.json"],
        "3": ["output", "record.json"],
    }


def test_time_out_ends_all_processes(runs: dict[str, DagRun], traces: Path) -> None:
    assert runs["timed"].state == "failed"
    for pid in map(int, (traces / "timed").read_text().split()):
        assert is_gone(pid), pid


def is_gone(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


def test_parameters_are_checked_before_anything_runs(runs: dict[str, DagRun]) -> None:
    run = runs["refused"]
    assert run.state is None
    assert run.error is not None
    assert "ParamValidationError" in run.error
    assert run.states == {}


def test_jinja_renders_nothing(runs: dict[str, DagRun]) -> None:
    assert "uid=" not in runs["inert"].log
    assert "49" not in json.dumps(outputs("inert", runs["inert"]))
