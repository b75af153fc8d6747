"""Two compiles in different folders, locales, hash seeds, time zones and Python versions give identical bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TARGETS = ("airflow", "kubeflow", "argo", "ir")
ROOTS = os.pathsep.join(str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime"))


def compiled(name: str, folder: Path, python: str = sys.executable, **environment: str) -> dict[str, bytes]:
    """Every file that the example gives for all targets, compiled from a copy of it in `folder`."""
    project = folder / name
    shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("dags", "kubeflow", "argo", "__pycache__"))
    command = [python, "-m", "pipec", "compile", "--target", ",".join(TARGETS), "-o", str(folder / "out"), "--quiet"]
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": ROOTS, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    out = folder / "out"
    return {one.relative_to(out).as_posix(): one.read_bytes() for one in sorted(out.rglob("*")) if one.is_file()}


@pytest.mark.parametrize("name", ["churn", "parallel"])
def test_elsewhere_and_otherwise(name: str, tmp_path: Path) -> None:
    """Nothing of the machine gets into the files."""
    here = compiled(name, tmp_path / "one", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    there = compiled(
        name,
        tmp_path / "another folder with ünïcode",
        PYTHONHASHSEED="2",
        TZ="Asia/Kolkata",
        LC_ALL="C.UTF-8",
        USER="somebody",
        HOME=str(tmp_path),
        COLUMNS="20",
    )
    assert here, "nothing was compiled"
    assert {one.split("/")[0] for one in here} == set(TARGETS)
    assert here == there


def other_pythons() -> list[str]:
    """Interpreters of other minor versions that can import PyYAML's pure part and all else that the hot path needs."""
    found: dict[str, str] = {}
    folders = [Path.home() / ".pyenv/versions", Path("/usr/local"), Path("/usr")]
    candidates = [one for folder in folders for one in sorted(folder.glob("**/bin/python3.1[1-9]"))[:50]]
    for candidate in candidates:
        minor = candidate.name
        if minor == f"python3.{sys.version_info.minor}" or minor in found:
            continue
        works = subprocess.run(
            [str(candidate), "-c", "import yaml, jinja2"],
            env={**os.environ, "PYTHONPATH": _site_packages()},
            capture_output=True,
            check=False,
        )
        if works.returncode == 0:
            found[minor] = str(candidate)
    return [found[one] for one in sorted(found)]


def _site_packages() -> str:
    import jinja2

    return str(Path(jinja2.__file__).parents[1])


def test_python_versions(tmp_path: Path) -> None:
    """The syntax tree differs between versions; what is written does not."""
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other Python from 3.11 on is on this machine")
    reference = compiled("churn", tmp_path / "reference")
    for number, python in enumerate(pythons):
        roots = os.pathsep.join([ROOTS, _site_packages()])
        assert compiled("churn", tmp_path / str(number), python, PYTHONPATH=roots) == reference, python
