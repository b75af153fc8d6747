"""`pipec check` on programs that are broken in one way each; the expected text stands beside each program.

A folder is called after the code of its fault and a few words; `accepted-…` are programs that only look broken. A file
`arguments.txt` holds further arguments of the command.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.diagnostics.codes import CODES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    RunPipec = Callable[..., subprocess.CompletedProcess[str]]
    Golden = Callable[[Path, str], None]

PROGRAMS = Path(__file__).parent / "programs"
EXPECTED = "expected.txt"
NAMES = sorted(path.name for path in PROGRAMS.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(pipec: RunPipec, folder: Path) -> subprocess.CompletedProcess[str]:
    """The outcome of `pipec check main.py` in `folder`, which it must leave as it is."""
    if not (folder / "pyproject.toml").exists():
        (folder / "pyproject.toml").touch()  # the root, whatever lies above the folder of the test
    before = contents(folder)
    # As with the installed script, the folder is not on the path of the process: it may hold a `pipec/` of its own.
    more = (folder / "arguments.txt").read_text().split() if (folder / "arguments.txt").exists() else ()
    result = pipec("check", "main.py", *more, cwd=folder, env={"PYTHONSAFEPATH": "1"}, timeout=120)
    assert contents(folder) == before
    assert "Traceback" not in result.stderr
    assert str(folder) not in result.stderr + result.stdout
    return result


@pytest.mark.parametrize("name", NAMES)
def test_program(name: str, pipec: RunPipec, golden: Golden, tmp_path: Path) -> None:
    folder = tmp_path / "program"
    shutil.copytree(PROGRAMS / name, folder, ignore=shutil.ignore_patterns(EXPECTED, "__pycache__"))
    result = check(pipec, folder)
    golden(PROGRAMS / name / EXPECTED, result.stderr + result.stdout)
    found = re.findall(r"^error\[(PC\d{4})\]", result.stderr, re.MULTILINE)
    if name.startswith("accepted-"):
        assert (result.returncode, found) == (0, [])
    else:
        assert result.returncode == 1
        assert name.partition("-")[0] in found


@pytest.mark.parametrize("name", NAMES)
def test_name(name: str) -> None:
    code = name.partition("-")[0]
    assert code == "accepted" or code in CODES


def test_file_of_ten_megabytes(pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("VALUE = 1\n" * 1024 * 1024, encoding="utf-8")
    result = check(pipec, tmp_path)
    assert result.returncode == 1
    assert "error[PC0104]" in result.stderr
    assert "10,485,760 bytes" in result.stderr


@pytest.mark.parametrize("opening", ["(", "[", "-", "not ", "f(", "lambda: "])
def test_deep_nesting(opening: str, pipec: RunPipec, tmp_path: Path) -> None:
    closing = {"(": ")", "[": "]", "f(": ")"}.get(opening, "")
    depth = 20_000
    head = "from pipec.sdk import pipeline\n@pipeline\ndef p():\n    x = "
    (tmp_path / "main.py").write_text(f"{head}{opening * depth}1{closing * depth}\n", encoding="utf-8")
    result = check(pipec, tmp_path)
    assert result.returncode == 1
    assert re.search(r"error\[PC01(01|06)\]", result.stderr), result.stderr


def test_long_chain_of_operators(pipec: RunPipec, tmp_path: Path) -> None:
    """It parses, since operators of one precedence are a loop to the parser, but its tree is deep."""
    program = "from pipec.sdk import pipeline\n@pipeline\ndef p():\n    x = " + " + ".join(["1"] * 20_000) + "\n"
    (tmp_path / "main.py").write_text(program, encoding="utf-8")
    result = check(pipec, tmp_path)
    assert result.returncode == 1
    assert re.search(r"error\[PC0(106|209)\]", result.stderr), result.stderr


def test_folder_in_place_of_a_file(pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "main.py").mkdir()
    result = check(pipec, tmp_path)
    assert result.returncode == 2
    assert result.stderr == "pipec: `main.py` is a folder; name a Python file in it\n"


def test_missing_file(pipec: RunPipec, tmp_path: Path) -> None:
    result = check(pipec, tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("error[PC0102]: `main.py` cannot be read: No such file or directory\n")
