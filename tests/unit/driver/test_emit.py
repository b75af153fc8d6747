"""Files are written all or none, and nothing that pipec did not write is lost."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from pipec.compiler.backend import GeneratedFile
from pipec.compiler.emit import MARK, Change, foreign, plan, write

MAIN = GeneratedFile("churn.py", f"# {MARK}training.py (pipeline `churn`): do not edit.\n")
CODE = GeneratedFile("churn.pipec/steps/train.py", "def train(): ...\n", owns_folder=True)
RUNTIME = GeneratedFile("churn.pipec/pipec/runtime/execute.py", "", owns_folder=True)


def tree(folder: Path) -> dict[str, str]:
    return {one.relative_to(folder).as_posix(): one.read_text() for one in folder.rglob("*") if one.is_file()}


def kinds(changes: list[Change]) -> list[str]:
    return [change.kind for change in changes]


def test_what_is_new_is_written_with_its_folders(tmp_path: Path) -> None:
    write(plan(tmp_path / "dags", [MAIN, CODE]))
    assert tree(tmp_path) == {"dags/churn.py": MAIN.text, "dags/churn.pipec/steps/train.py": CODE.text}


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    write(plan(tmp_path, [MAIN]))
    os.utime(tmp_path / MAIN.path, (1, 1))
    changes = plan(tmp_path, [MAIN])
    write(changes)
    assert kinds(changes) == ["unchanged"]
    assert (tmp_path / MAIN.path).stat().st_mtime == 1


def test_a_file_in_our_folder_that_is_not_generated_any_more_goes_with_its_empty_folders(tmp_path: Path) -> None:
    write(plan(tmp_path, [MAIN, CODE, RUNTIME]))
    cache = tmp_path / "churn.pipec/steps/__pycache__"
    cache.mkdir()
    (cache / "train.cpython-311.pyc").write_bytes(b"")
    changes = plan(tmp_path, [MAIN, RUNTIME])
    assert kinds(changes) == ["unchanged", "unchanged", "orphaned"]
    write(changes)
    assert not (tmp_path / "churn.pipec/steps").exists()
    assert set(tree(tmp_path)) == {MAIN.path, RUNTIME.path}


def test_a_file_without_our_mark_is_foreign(tmp_path: Path) -> None:
    (tmp_path / MAIN.path).write_text("print('mine')\n")
    found = foreign(plan(tmp_path, [MAIN]), [MAIN], tmp_path)
    assert [one.code for one in found] == ["PC0508"]
    assert "churn.py` was not written by pipec" in found[0].message


def test_a_folder_without_our_main_file_is_foreign_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "churn.pipec").mkdir()
    (tmp_path / "churn.pipec/notes.txt").write_text("mine")
    found = foreign(plan(tmp_path, [MAIN, CODE]), [MAIN, CODE], tmp_path)
    assert [one.message.endswith("churn.pipec` was not written by pipec") for one in found] == [True]


@pytest.mark.parametrize("kept", [MAIN, RUNTIME])
def test_a_folder_is_ours_by_the_main_file_or_by_the_runtime_in_it(tmp_path: Path, kept: GeneratedFile) -> None:
    write(plan(tmp_path, [kept, CODE]))
    assert foreign(plan(tmp_path, [MAIN, CODE]), [MAIN, CODE], tmp_path) == []


def test_a_failure_halfway_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(plan(tmp_path, [MAIN, CODE, RUNTIME]))
    before = tree(tmp_path)
    again = [GeneratedFile(MAIN.path, MAIN.text + "x = 1\n"), GeneratedFile("b/new.py", ""), RUNTIME]
    changes = plan(tmp_path, again)
    assert kinds(changes) == ["changed", "new", "unchanged", "orphaned"]
    unlink = Path.unlink

    def fail(path: Path, missing_ok: bool = False) -> None:
        if path.name == "train.py":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(PermissionError):
        write(changes)
    assert tree(tmp_path) == before
    assert not (tmp_path / "b").exists()


def test_a_full_disk_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([None, OSError(28, "No space left on device")])

    def full(_: int) -> None:
        if error := next(calls):
            raise error

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(plan(tmp_path / "dags", [MAIN, GeneratedFile("other.py", "x = 1\n")]))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_grow_no_further_writes_nothing(tmp_path: Path) -> None:
    """As on a full disk, by the system itself: also the files of a code folder, which are not forced to the disk."""
    large = GeneratedFile("a.pipec/large.py", "x = 1\n" * 100_000, owns_folder=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(plan(tmp_path / "dags", [MAIN, large]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(plan(tmp_path / "dags", [MAIN]))
    assert list(tmp_path.iterdir()) == []
