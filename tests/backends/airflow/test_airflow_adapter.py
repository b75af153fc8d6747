"""The adapter without Airflow: a worker that dies, a process that outlives its step, secrets, places."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_programs import write
from pipec.runtime import airflow as adapter

# What Airflow's task does, as a process that can be killed.
WORKER = """
import runpy, sys
from pathlib import Path
from types import SimpleNamespace
code, spec = Path(sys.argv[1]), {"function": sys.argv[2]}
task = SimpleNamespace(dag_id="d", task_id="t", try_number=1)
context = {"ti": task, "dag_run": SimpleNamespace(start_date=None), "run_id": "r", "params": {}}
launch = runpy.run_path(str(code / "pipec/runtime/airflow.py"))["launch"]
print(launch(code, spec, {}, None, None, context))
"""


def test_a_killed_worker_leaves_no_process(tmp_path: Path) -> None:
    """Nothing in the worker's own code runs when it gets SIGKILL: the step notices by itself."""
    code = write("timed", tmp_path / "dags") / "timed.pipec"
    trace = tmp_path / "pids"
    environment = {**os.environ, "TRACE": str(trace), "PIPEC_ARTIFACT_ROOT": str(tmp_path / "store")}
    worker = subprocess.Popen([sys.executable, "-c", WORKER, code, "timed:slow"], env=environment)
    try:
        until(lambda: trace.exists() and len(trace.read_text().split()) == 2)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    for pid in map(int, trace.read_text().split()):
        until(lambda pid=pid: is_gone(pid))


def until(holds: Any) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it did not come about in 30 seconds")


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"


def context(**variables: Any) -> dict[str, Any]:
    def get(name: str) -> Any:
        return variables[name]

    return {"var": {"json": SimpleNamespace(get=get)}}


def test_secrets_give_way_to_the_environment() -> None:
    settings = {"secrets": ["one", "two"], "environment": {"B": "own"}}
    found = adapter._environment(settings, context(one={"A": "1", "B": "1"}, two={"A": "2", "C": 3}))  # pyright: ignore[reportPrivateUsage]
    assert (found["A"], found["B"], found["C"]) == ("2", "own", "3")


@pytest.mark.parametrize("variables", [{}, {"one": "text"}, {"one": [1]}])
def test_secrets_that_are_none(variables: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="`one` must"):
        adapter._environment({"secrets": ["one"]}, context(**variables))  # pyright: ignore[reportPrivateUsage]


def test_the_value_of_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(RuntimeError) as caught:
        adapter._environment({"secrets": ["one"]}, context(one="hunter2"))  # pyright: ignore[reportPrivateUsage]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/data/", "/data/runs/d/manual__2026-01-01T00:00:00+00:00%2Fx/t@3.0/2"),
        ("file:///data", "/data/runs/d/manual__2026-01-01T00:00:00+00:00%2Fx/t@3.0/2"),
        ("s3://bucket/a", "s3://bucket/a/runs/d/manual__2026-01-01T00:00:00+00:00%2Fx/t@3.0/2"),
    ],
)
def test_places(root: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEC_ARTIFACT_ROOT", root)
    task = SimpleNamespace(dag_id="d", task_id="t", try_number=2)
    place = adapter._place({"ti": task, "run_id": "manual__2026-01-01T00:00:00+00:00/x"}, (3, 0))  # pyright: ignore[reportPrivateUsage]
    assert place == expected


@pytest.mark.parametrize("name", [".", "..", "..."])
def test_no_name_climbs(name: str) -> None:
    assert "." not in adapter._file(name)  # pyright: ignore[reportPrivateUsage]
    assert adapter._file(f"{name}/x") not in {".", ".."}  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("value", "reading", "expected"),
    [
        (2.0, "int", 2),
        (2.5, "int", 2.5),
        (2, "float", 2.0),
        (True, "float", True),
        (None, "tuple", None),
        ([1], "tuple", {"$pipec": ["tuple", [1]]}),
        ("x", None, "x"),
    ],
)
def test_readings(value: Any, reading: str | None, expected: Any) -> None:
    read = adapter._read(value, reading)  # pyright: ignore[reportPrivateUsage]
    assert (read, type(read)) == (expected, type(expected))
