"""The store under stress: two runs at once, no room, logs that nobody wants, a root elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ir_builders import Builder, const, item, type_
from local_runs import Project
from pipec.backends.local import RunResult
from pipec.backends.local.journal import Journal, StoreUnusable
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Pipeline
from pipec.compiler.ir.values import Output


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def squares(b: Builder, count: int) -> Pipeline:
    loop = b.loop("for", const(list(range(count))), b.call("add", a=item("for"), b=item("for")), c=b.out("add"))
    return b.pipeline(loop, outputs={"c": Output("for", "c", type_("list[int]"))})


def test_runs_at_once_on_one_store(project: Project) -> None:
    results: list[RunResult] = []
    program = squares(Builder(), 12)
    threads = [threading.Thread(target=lambda: results.append(project.run(program, use_cache=True))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.outputs for each in results] == [{"c": [2 * number for number in range(12)]}] * 3
    assert len({each.run for each in results}) == 3
    journal = Journal(project.root)
    assert sorted(each["state"] for each in journal.runs()) == ["succeeded"] * 3
    assert all(len(journal.entries(each.run)) == 12 for each in results)
    journal.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_is_an_error_that_says_so(project: Project, small_disk: Path) -> None:
    """What a step cannot store fails the step; what the journal cannot keep ends the run; nothing is corrupt."""
    b = Builder()
    grow = b.call("repeat", word=const("x"), times=const(3_000_000))
    program = b.pipeline(b.call("load"), grow, outputs={"l": b.out("load")})
    result = project.run(program, root=str(small_disk / "store"), jobs=1)
    assert result.state == "failed"
    assert "no space left" in result.failures[0].message.lower()
    for path in (small_disk / "store").rglob("manifest.json"):
        assert path.read_text().rstrip().endswith("}")
    # Once there is room, the same store serves again.
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert project.run(program, root=str(small_disk / "store")).state == "succeeded"


def test_a_journal_that_cannot_be_written_ends_the_run(project: Project, small_disk: Path) -> None:
    program = squares(Builder(), 200)
    filler = small_disk / "filler"
    (small_disk / "store").mkdir()
    filler.write_bytes(b"x" * 700_000)
    with pytest.raises(StoreUnusable, match="cannot be written"):
        project.run(program, root=str(small_disk / "store"), jobs=1)
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    journal = Journal(small_disk / "store")
    (run,) = journal.runs()
    done = {name for name, entry in journal.entries(run["run"]).items() if entry.state == "succeeded"}
    journal.close()
    result = project.run(program, root=str(small_disk / "store"), resume=run["run"])
    assert result.outputs == {"c": [2 * number for number in range(200)]}
    kept = [name for name in done if not (Path(result.folder) / name / "2").exists()]
    assert len(kept) == len(done), "a step ran again after it was reported done"


def test_logs_that_are_switched_off_are_not_kept(project: Project) -> None:
    b = Builder()
    quiet = Config(toggles={"enable_step_logs": False})
    result = project.run(b.pipeline(b.call("speak", text=const("a")), b.call("speak_2", text=const("b"), config=quiet)))
    assert project.log(result, "speak").startswith("a\n")
    assert not (Path(result.folder) / "speak_2/1.notes/log.txt").exists()


def test_a_journal_of_another_version_is_refused(project: Project) -> None:
    import sqlite3

    project.root.mkdir()
    with sqlite3.connect(project.root / "journal.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnusable, match="version 99"):
        project.run(squares(Builder(), 1))


def test_memory_stays_flat(project: Project) -> None:
    """A wide loop: this process does not grow with what its steps hold."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = project.run(squares(Builder(), 150), jobs=2)
    assert result.state == "succeeded"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KiB"


@pytest.mark.soak
def test_a_thousand_steps_in_a_row_and_side_by_side(project: Project) -> None:
    assert len(project.run(squares(Builder(), 1000), jobs=os.cpu_count()).outputs["c"]) == 1000
    b = Builder()
    calls = [b.call("load")]
    for number in range(2, 1001):
        calls.append(b.call(f"add_{number}", step="add", a=b.out(calls[-1].id), b=const(1)))
    assert project.run(b.pipeline(*calls, outputs={"n": b.out("add_1000")})).outputs == {"n": 1004}


def test_the_store_is_nothing_for_git(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.run(squares(Builder(), 1), root=str(project.folder / ".pipec"))
    assert (project.folder / ".pipec/.gitignore").read_text() == "*\n"


def test_python_is_this_one(project: Project) -> None:
    (project.folder / "steps.py").write_text("import sys\ndef load():\n    return sys.executable\n")
    b = Builder()
    assert project.run(b.pipeline(b.call("load"), outputs={"l": b.out("load")})).outputs == {"l": sys.executable}
