"""Every example: what is committed is what pipec writes now, and every engine accepts and runs it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    RunPipec = Callable[..., subprocess.CompletedProcess[str]]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("hello", "churn", "parallel", "zenml_unmodified")
TARGETS = {"airflow": "dags", "kubeflow": "kubeflow", "argo": "argo"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_committed_files_are_current(pipec: RunPipec, name: str, target: str) -> None:
    """`--check` finds nothing to do in the repository."""
    done = pipec("compile", "--target", target, "--check", cwd=EXAMPLES / name)
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_here(name: str) -> None:
    """No example is without its outputs."""
    assert {one.name for one in (EXAMPLES / name).iterdir()} >= set(TARGETS.values())


def test_the_literal_command(pipec: RunPipec, tmp_path: Path) -> None:
    """`pipec compile --target airflow` in examples/churn, with no other word, writes `dags/`."""
    project = tmp_path / "churn"
    shutil.copytree(EXAMPLES / "churn", project, ignore=shutil.ignore_patterns(*TARGETS.values()))
    done = pipec("compile", "--target", "airflow", cwd=project)
    assert done.returncode == 0, done.stderr
    assert (project / "dags" / "churn.py").is_file()
    assert "dags/churn.py: written" in done.stdout
    again = pipec("compile", "--target", "airflow", cwd=project)
    assert "dags/churn.py: unchanged" in again.stdout
