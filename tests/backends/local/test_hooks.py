"""Hooks fire as their names say (DESIGN §4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_runs import SourceProject

PROGRAM = Path(__file__).parent / "programs/hooked.py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceProject:
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.delenv("FAIL", raising=False)
    return SourceProject(tmp_path, PROGRAM)


def notes(project: SourceProject) -> list[str]:
    return (project.folder.parent / "notes").read_text().splitlines()


def test_around_a_run_that_succeeds(project: SourceProject) -> None:
    result = project.run()
    assert (result.state, [*result.outputs.values()]) == ("succeeded", ["hello"])
    assert set(result.operations) == {"first", "second"}
    assert notes(project) == ["init hello", "step success", "success", "cleanup"]


def test_around_a_run_that_fails(project: SourceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "step")
    result = project.run()
    assert result.operations == {"first": "succeeded", "second": "failed"}
    assert notes(project) == [
        "init hello",
        "step success",
        "step failure 'hello'",
        "failure KeyError: 'hello'",
        "cleanup",
    ]


def test_nothing_runs_where_on_init_fails(project: SourceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "init")
    result = project.run()
    assert result.state == "failed"
    assert result.operations == {"first": "not_run", "second": "not_run"}
    assert [(each.instance, each.message) for each in result.failures] == [("hook.on_init", "RuntimeError: init fails")]
    assert notes(project) == ["init hello", "failure RuntimeError: init fails", "cleanup"]


def test_a_hook_that_fails_does_not_change_the_run(project: SourceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "success")
    result = project.run()
    assert result.state == "succeeded"
    assert notes(project) == ["init hello", "step success", "success", "cleanup"]
    log = Path(result.folder) / "hook.on_success/1.notes/log.txt"
    assert "RuntimeError: hook fails" in log.read_text()
