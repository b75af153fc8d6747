"""The adapter without Airflow: a worker that dies, a process that outlives its step, secrets, places."""

from __future__ import annotations

import json
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
from pipec.runtime import airflow_ending, airflow_environment, airflow_inputs

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
    found = airflow_environment.of_child(settings, context(one={"A": "1", "B": "1"}, two={"A": "2", "C": 3}))
    assert (found["A"], found["B"], found["C"]) == ("2", "own", "3")


@pytest.mark.parametrize("variables", [{}, {"one": "text"}, {"one": [1]}])
def test_secrets_that_are_none(variables: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="`one` must"):
        airflow_environment.of_child({"secrets": ["one"]}, context(**variables))


def test_the_value_of_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(RuntimeError) as caught:
        airflow_environment.of_child({"secrets": ["one"]}, context(one="hunter2"))
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
    context = {"ti": task, "run_id": "manual__2026-01-01T00:00:00+00:00/x"}
    found = adapter._place({"pipeline": "d", "tasks": {}}, context, (3, 0))  # pyright: ignore[reportPrivateUsage]
    assert found == (root.removeprefix("file://").rstrip("/"), expected)
    about = {"pipeline": "d", "artifact_root": "s3://said/in/the/file", "tasks": {}}
    place, _ = adapter._place(about, context, (3, 0))  # pyright: ignore[reportPrivateUsage]
    assert place == "s3://said/in/the/file"


@pytest.mark.parametrize("name", [".", "..", "...", "a/b", "\u00e9"])
def test_no_name_climbs(name: str) -> None:
    file = airflow_inputs.file_of(name)
    assert "/" not in file
    assert "." not in file


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
    slots = airflow_inputs.given_by({"slot": ["p", reading] if reading else "p"}, {"p": value})
    read = json.loads(slots["slot"]["json"])
    assert (read, type(read)) == (expected, type(expected))


def slot(name: str) -> dict[str, str]:
    return {"slot": name}


def call(op: str, *operands: Any) -> dict[str, Any]:
    return {"expr": [op, *operands]}


def text(value: Any, *index: int) -> str:
    """What the task of an iteration returns."""
    return json.dumps({"index": list(index), "value": json.dumps(value)})


def expanded(recipe: Any, **inputs: Any) -> tuple[Any, dict[str, str]]:
    """The recipe, and the text of each slot."""
    sources = airflow_inputs.Sources(inputs, {}, {})
    spec = sources.expanded({"compose": {"x": {"list": [recipe]}}})
    return spec["compose"]["x"]["list"][0], {name: each["json"] for name, each in sources.slots.items()}


def test_a_value_is_picked_by_the_gate() -> None:
    recipe, slots = expanded(call("pick", slot("gate"), slot("a"), slot("b")), gate="1", a=None, b="7")
    assert (recipe, slots["b"]) == (slot("b"), "7")
    assert "a" not in slots


def test_what_a_loop_collects_is_in_order_whatever_airflow_gives() -> None:
    """Airflow gives a list, one text for one task, and None for none."""
    each = call("each", slot("a"))
    recipe, slots = expanded(each, a={"all": [text("y", 1), text("x", 0)]})
    assert [slots[one["slot"]] for one in recipe["list"]] == ['"x"', '"y"']
    assert expanded(each, a={"all": text("x", 0)})[0] == {"list": [slot("a@0")]}
    assert expanded(each, a={"all": None})[0] == {"list": []}


def test_skipped_iterations_have_the_other_value() -> None:
    recipe = call("each", call("pick", slot("gate"), slot("a"), call("position", {"const": 0})), slot("all"))
    gates = [text(0, 0), text(1, 1), text(0, 2)]
    found, slots = expanded(recipe, gate={"all": gates}, a={"all": [text("x", 0), text("z", 2)]}, all=[0, 1, 2])
    assert found == {"list": [slot("a@0"), {"const": 1}, slot("a@2")]}
    assert (slots["a@0"], slots["a@2"]) == ('"x"', '"z"')


def test_loops_in_loops_keep_empty_lists() -> None:
    recipe = call("each", call("each", slot("a")), slot("count"))
    count = {"all": [text(1, 0), text(0, 1), text(2, 2)]}
    found, _ = expanded(recipe, a={"all": [text("x", 0, 0), text("y", 2, 0), text("z", 2, 1)]}, count=[0, 1, 2])
    assert [len(each["list"]) for each in found["list"]] == [1, 0, 2]
    assert airflow_inputs.flatten(["x", "y"], count["all"]) == [{"x": 0, "y": 0}, {"x": 2, "y": 0}, {"x": 2, "y": 1}]


def test_an_iteration_reads_its_own() -> None:
    """What the outer iteration has made, and what the inner loop has made for it."""
    outer = {"all": [text("p", 0), text("q", 1)], "at": [1]}
    inner = {"all": [text("a", 0, 0), text("b", 1, 0), text("c", 1, 1)], "at": [1]}
    found, slots = expanded(call("each", slot("inner")), inner=inner)
    assert [slots[one["slot"]] for one in found["list"]] == ['"b"', '"c"']
    found, slots = expanded(slot("outer"), outer=outer)
    assert slots[found["slot"]] == '"q"'


def test_tasks_that_airflow_would_confuse_are_asked_for_apart() -> None:
    """The states of `a` in a loop are called `a_0`, `a_1` and so on."""
    batches = airflow_ending._batches(["a", "b", "a_2", "b_x", "c_1", "c"])  # pyright: ignore[reportPrivateUsage]
    assert batches == [{"a", "b", "b_x", "c_1"}, {"a_2", "c"}]


def test_a_gate_counts_its_conditions() -> None:
    found, _ = expanded(call("first", slot("a"), slot("b")), a="true", b="false")
    assert found == call("if", slot("a"), {"const": 0}, call("if", slot("b"), {"const": 1}, {"const": 2}))
