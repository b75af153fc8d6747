"""A run may be killed at any moment: what it reported is kept, and it goes on without repeating a finished step."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipec.runtime.artifacts import Workspace, fetch
from pipec.runtime.store import layout

PROGRAM = Path(__file__).parent / "programs/long_run.py"
EXPECTED = {"squares": 8, "outputs": [140, "big"]}


def command(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "NOTES": str(folder / "notes"), "NO_COLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "pipec", "run", "long_run.py", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def only_run(folder: Path) -> str | None:
    """The identity of the one run in the journal, as a reader of its own sees it."""
    journal = folder / ".pipec/journal.sqlite"
    if not journal.exists():
        return None
    with sqlite3.connect(journal) as connection:
        rows = connection.execute("SELECT run FROM runs").fetchall() if has_tables(connection) else []
    return rows[0][0] if rows else None


def has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'instances'").fetchone())


def finished(folder: Path, run: str) -> set[str]:
    with sqlite3.connect(folder / ".pipec/journal.sqlite") as connection:
        rows = connection.execute(
            "SELECT instance FROM instances WHERE run = ? AND state = 'succeeded'", (run,)
        ).fetchall()
    return {row[0] for row in rows}


def notes(folder: Path) -> Counter[str]:
    file = folder / "notes"
    return Counter(file.read_text().splitlines()) if file.exists() else Counter()


def note_name(instance: str) -> str:
    name, _, index = instance.partition("@")
    return f"{name} {index}" if index else name


def kill_and_go_on(folder: Path, chance: random.Random) -> bool:
    """Kill a run at a moment of chance and resume it; whether there was anything to resume."""
    shutil.copy(PROGRAM, folder / "long_run.py")
    (folder / "pyproject.toml").write_text("")
    started = command(folder, "-j", "2")
    lines = chance.randint(0, 21)  # of the 22 that a whole run writes
    while sum(notes(folder).values()) < lines and started.poll() is None:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.05) if lines else chance.uniform(0, 0.6))
    os.kill(started.pid, signal.SIGKILL)
    _, printed = started.communicate()
    run = only_run(folder)
    if run is None:
        assert not notes(folder), "a step ran in a run that nobody knows"
        return False
    done = finished(folder, run)
    reported = {line.partition(":")[0] for line in printed.splitlines() if ": done" in line}
    assert reported <= done, "what was reported is not kept"
    before = notes(folder)
    resumed = command(folder, "--resume", run, "--format", "json")
    output, errors = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, errors
    check(folder, json.loads(output), done, before)
    verify(folder / ".pipec", run)
    return True


def check(folder: Path, result: dict[str, Any], done: set[str], before: Counter[str]) -> None:
    assert [*result["outputs"].values()] == [140, "big"]
    expected = {"numbers", "total", "big", *(f"square@{index}" for index in range(8))}
    assert {name for name, state in result["operations"].items() if state == "succeeded"} == expected
    after = notes(folder)
    for instance in done:
        name = note_name(instance)
        assert after[f"start {name}"] == before[f"start {name}"], f"{instance} ran again after it was reported done"
    for instance in expected:
        assert after[f"end {note_name(instance)}"] >= 1


def verify(store: Path, run: str) -> None:
    """Every document of the store can be read, every artifact of a step that succeeded has the digest that was recorded."""
    for document in store.rglob("*.json"):
        json.loads(document.read_text())
    with sqlite3.connect(store / "journal.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute(
            "SELECT attempt, instance FROM instances WHERE run = ? AND state = 'succeeded'", (run,)
        ).fetchall()
    workspace, verified = Workspace(), 0
    for attempt, instance in rows:
        folder = store / layout.attempt_folder("long_run", run, instance, attempt)
        record = json.loads((folder / layout.RECORD).read_text())
        assert (record["state"], record["attempt"]) == ("succeeded", attempt)
        for output in record["outputs"].values():
            fetch(output["place"], workspace, output["digest"])
            verified += 1
    workspace.close()
    assert (len(rows), verified) == (11, 2), rows


@pytest.mark.parametrize("number", range(10))
def test_a_killed_run_goes_on(tmp_path: Path, number: int) -> None:
    assert kill_and_go_on(tmp_path, random.Random(number))


@pytest.mark.soak
def test_two_hundred_killed_runs_go_on(tmp_path: Path) -> None:
    seed, resumed = random.randrange(10**9), 0
    print("the first seed is", seed)
    while resumed < 200:
        folder = tmp_path / str(seed)
        folder.mkdir()
        # Of what is killed before anybody knows of it, nothing has run: it does not count.
        resumed += kill_and_go_on(folder, random.Random(seed))
        shutil.rmtree(folder)
        seed += 1


def test_an_interrupt_ends_a_run_in_good_order(tmp_path: Path) -> None:
    shutil.copy(PROGRAM, tmp_path / "long_run.py")
    (tmp_path / "pyproject.toml").write_text("")
    started = command(tmp_path, "-j", "1", "-p", "count=100")
    while notes(tmp_path)["end square 3"] == 0:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=30)
    assert started.returncode == 130
    run = only_run(tmp_path)
    assert run is not None
    assert errors.endswith(f"run {run} failed: interrupted\ngo on with it: pipec run long_run.py --resume {run}\n")
    done = finished(tmp_path, run)
    before = notes(tmp_path)
    resumed = command(tmp_path, "--resume", run, "-q")
    output, errors = resumed.communicate(timeout=60)
    assert (resumed.returncode, output.splitlines()[0]) == (0, "total: 328350"), errors
    after = notes(tmp_path)
    assert all(after[f"start {note_name(each)}"] == before[f"start {note_name(each)}"] for each in done)
