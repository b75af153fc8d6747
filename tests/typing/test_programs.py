"""Strict type checkers on programs of users: exact types, and an error on each line that is marked, on no other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
RUNTIME = HERE.parents[1] / "runtime"


def tool(name: str) -> str:
    """A checker beside this interpreter, or on the path."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        reason = f"{name} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def marked(path: Path) -> set[int]:
    lines = path.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# error")}


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MYPYPATH": str(RUNTIME), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def mypy(folder: Path) -> dict[str, set[int]]:
    flags = ["--strict", "--namespace-packages", "--explicit-package-bases", "--no-error-summary", "--config-file="]
    done = run([tool("mypy"), *flags, f"--cache-dir={folder}/cache", str(PROGRAMS)], folder)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, set[int]] = {}
    for name, line in re.findall(r"^(?:.*/)?(\w+\.py):(\d+): error:", done.stdout, re.MULTILINE):
        found.setdefault(name, set()).add(int(line))
    return found


def pyright(folder: Path) -> dict[str, set[int]]:
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": [str(PROGRAMS.relative_to(HERE.parents[1]))],
        "exclude": [],
        "extraPaths": [str(RUNTIME)],
    }
    # The programs are found from the folder of the configuration, so it stands beside links to both trees.
    for linked in (HERE.parents[1] / "tests", RUNTIME):
        (folder / linked.name).symlink_to(linked)
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    done = run([tool("pyright"), "--outputjson", "-p", str(folder)], folder)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(list(PROGRAMS.glob("*.py")))
    found: dict[str, set[int]] = {}
    for each in report["generalDiagnostics"]:
        found.setdefault(Path(each["file"]).name, set()).add(each["range"]["start"]["line"] + 1)
    return found


@pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
def test_programs(checker: object, tmp_path: Path) -> None:
    assert callable(checker)
    expected = {path.name: lines for path in PROGRAMS.glob("*.py") if (lines := marked(path))}
    assert expected
    assert checker(tmp_path) == expected
