"""A parameter of a scheduled pipeline needs a value, on every target, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    RunPipec = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = """from pipec.sdk import Schedule, pipeline, step


@step
def train(folds: int) -> int:
    return folds


@pipeline
def training(folds: int):
    train(folds)


training = training.with_options(schedule=Schedule(cron_expression="0 3 * * *"))
"""

EXPECTED = """error[PC0440]: the parameter `folds` has no value, and the pipeline is scheduled
  --> main.py:10:14
   |
10 | def training(folds: int):
   |              ^^^^^^^^^^
   = note: a run that starts by itself has nobody who gives it one
   = help: give it a default, or compile with `-p folds=VALUE`
   = more: pipec explain PC0440

1 error
"""


@pytest.mark.parametrize("target", ["airflow", "argo", "kubeflow"])
def test_a_parameter_without_a_value(target: str, pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    done = pipec("check", "main.py", "--target", target, cwd=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (1, EXPECTED)
    given = pipec("compile", "main.py", "--target", target, "-p", "folds=3", "-o", "-", cwd=tmp_path)
    assert given.returncode == 0, given.stderr
