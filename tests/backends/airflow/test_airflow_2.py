"""Files for Airflow 2 and for both, run by Airflow 2.11. `PIPEC_AIRFLOW2` names the interpreter of an environment that has it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from airflow_programs import HERE, legalized, pipeline_of
from engines import DRIVERS
from oracle import plain_outputs
from pipec.runtime.store import Store

PYTHON = os.environ.get("PIPEC_AIRFLOW2")
RUNS: list[tuple[str, dict[str, Any], str]] = [
    ("branches", {"size": 6, "strict": True}, "2"),
    ("branches", {"size": 0}, "both"),
    ("loops", {}, "both"),
    ("loops", {"count": 0, "extra": []}, "2"),
    ("loops", {"count": 1}, "2"),
    ("nested_loops", {}, "2"),
    ("loops_in_arms", {"kind": "odd"}, "both"),
    ("loops_in_arms", {"kind": "none"}, "2"),
]
FAILING: list[tuple[str, dict[str, Any], str]] = [("lifecycle", {"values": [1, 7]}, "both"), ("stopped", {}, "2")]

pytestmark = pytest.mark.skipif(PYTHON is None, reason="PIPEC_AIRFLOW2 names no interpreter")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow2")


@pytest.fixture(scope="module")
def states(folder: Path) -> list[str]:
    """How every run ended, in the order of `RUNS` and `FAILING`."""
    cases: list[dict[str, Any]] = []
    for number, (name, conf, version) in enumerate([*RUNS, *FAILING]):
        dags = folder / f"dags{number}"
        for file in legalized(pipeline_of(name), airflow_version=version)[0]:
            (dags / file.path).parent.mkdir(parents=True, exist_ok=True)
            (dags / file.path).write_text(file.text, encoding="utf-8")
        environment = {"PIPEC_ARTIFACT_ROOT": str(folder / f"store{number}"), "TRACE": str(folder / f"{number}.txt")}
        cases.append({"dags_folder": str(dags), "conf": conf, "environment": environment})
    asked, answered = folder / "request.json", folder / "response.json"
    asked.write_text(json.dumps({"home": str(folder), "cases": cases}), encoding="utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AIRFLOW"))}
    command = [str(PYTHON), str(DRIVERS / "airflow/dagrun2.py"), str(asked), str(answered)]
    done = subprocess.run(command, capture_output=True, text=True, env=inherited, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(answered.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("number", range(len(RUNS)))
def test_outputs_are_those_of_plain_python(number: int, states: list[str], folder: Path) -> None:
    name, conf, _ = RUNS[number]
    assert states[number] == "success"
    (record,) = Store(str(folder / f"store{number}")).runs.list(name)
    assert list(record.outputs.values()) == plain_outputs(HERE / "programs" / f"{name}.py", name, 1, conf)


def test_what_fails(states: list[str], folder: Path) -> None:
    assert states[len(RUNS) :] == ["failed", "failed"]
    lines = (folder / f"{len(RUNS)}.txt").read_text().splitlines()
    assert lines[-2:] == ["failure KeyError 'value 7'", "cleanup"]
