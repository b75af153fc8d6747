"""`pipec verify`: the emitted files run here, without the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

PROGRAM = """\
import os

from pipec.sdk import pipeline, step


@step(secrets=["bank"])
def pay(amount: int) -> str:
    if amount > 3:
        raise ValueError("too much")
    return os.environ["PIN"] + str(amount)


@pipeline
def shop(amount: int = 2):
    return pay(amount)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "bank.env").write_text("export PIN='12'\n# a comment\n")
    return tmp_path


def test_a_run_that_succeeds_prints_its_nodes_and_outputs(project: Path, pipec: Run) -> None:
    done = pipec("verify", "shop.py", "-t", "argo", "--secrets", "bank=bank.env", cwd=project)
    assert (done.returncode, done.stdout) == (
        0,
        'Succeeded  main.pay\nSucceeded  main\npay = "122"\nsucceeded: 2 nodes\n',
    )


def test_a_run_that_fails_shows_why(project: Path, pipec: Run) -> None:
    words = ("-t", "argo", "--secrets", "bank=bank.env", "-p", "amount=5", "-q")
    done = pipec("verify", "shop.py", *words, cwd=project)
    assert done.returncode == 3
    assert "Failed     main.pay: main: Error (exit code 1)\n" in done.stdout
    assert "           | ValueError: too much\n" in done.stdout


def test_a_secret_that_is_not_given_is_an_error(project: Path, pipec: Run) -> None:
    done = pipec("verify", "shop.py", "-t", "argo", cwd=project)
    assert done.returncode == 3
    assert "Error      main.pay: secret bank not found" in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("-t", "airflow"), 1, "nothing here runs the files of `airflow`"),
        (("-t", "argos"), 1, "there is no target `argos`"),
        ((), 2, "which target? Say --target argo"),
        (("-t", "argo", "--secrets", "bank=none.env"), 2, "none.env cannot be read"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], status: int, message: str, project: Path, pipec: Run) -> None:
    done = pipec("verify", "shop.py", *words, cwd=project)
    assert done.returncode == status
    assert message in done.stderr
