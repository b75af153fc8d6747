"""No command that compiles imports or runs the user's code.

Twice over: every module of the program would leave a mark on the disk if it were imported, and an audit hook of the
interpreter sees each import, each file that is opened, and each code object that is compiled or run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
USER_MODULES = {"main", "mark", "pandas", "steps", "zenml"}
COMMANDS = [
    ["check", "main.py"],
    ["check"],
    ["compile", "main.py", "--target", "ir"],
    ["compile", "main.py", "--target", "argo"],
    ["compile", "main.py", "--target", "airflow"],
    ["compile", "main.py", "--target", "kubeflow"],
]

Event = tuple[str, str, str]


def run(command: list[str], folder: Path, report: Path) -> tuple[subprocess.CompletedProcess[str], list[Event]]:
    """The outcome of a command in `folder`, and the audit events."""
    roots = os.pathsep.join(str(ROOT / root) for root in ("compiler", "backends", "templates", "runtime"))
    result = subprocess.run(
        [sys.executable, "-P", str(PROGRAMS / "audited.py"), str(report), *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": roots, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert report.exists(), result.stderr
    return result, [(kind, one, two) for kind, one, two in json.loads(report.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_of_the_user_runs(command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(PROGRAMS / "marks", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").touch()
    result, events = run(command, folder, tmp_path / "events.json")
    assert result.returncode == 0, result.stderr
    assert not (folder / "MARK").exists()
    assert not list(folder.rglob("__pycache__"))
    imported = {name.partition(".")[0] for kind, name, _ in events if kind == "import"}
    assert not imported & USER_MODULES
    ran = {place for kind, place, _ in events if kind in {"exec", "compile"}}
    # `<unknown>` is what `ast.parse` calls a text that it only parses; such a thing must never be run.
    assert not [place for place in ran if place.startswith(str(folder))]
    assert not [place for kind, place, _ in events if kind == "exec" and place == "<unknown>"]
    assert not [kind for kind, _, _ in events if "." in kind], "no process, no network"
    opened = {(Path(path).name, mode) for kind, path, mode in events if kind == "open" and path.startswith(str(folder))}
    assert ("main.py", "r") in opened, "the hook sees what is read"
    assert {mode for name, mode in opened if name.endswith(".py") and "compile" not in command} <= {"r"}


def test_the_marks_work(tmp_path: Path) -> None:
    """Were it imported, the program would be caught."""
    folder = tmp_path / "project"
    shutil.copytree(PROGRAMS / "marks", folder)
    subprocess.run([sys.executable, "-c", "import mark"], cwd=folder, check=True)
    assert (folder / "MARK").read_text(encoding="utf-8") == "mark\n"


def test_the_hook_works(tmp_path: Path) -> None:
    """The hook sees the imports of the compiler's own modules."""
    shutil.copytree(PROGRAMS / "marks", tmp_path / "project")
    (tmp_path / "project" / "pyproject.toml").touch()
    _, events = run(["check", "main.py"], tmp_path / "project", tmp_path / "events.json")
    assert any(kind == "import" and name == "pipec.compiler.frontend" for kind, name, _ in events)
    assert any(kind == "exec" and place.endswith("frontend/__init__.py") for kind, place, _ in events)
    assert any(kind == "compile" for kind, _, _ in events)
