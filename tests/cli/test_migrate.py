"""`pipec migrate`: files before and after, side by side in `fixtures/migrate`."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.migrate import migrate, parameter_classes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    RunPipec = Callable[..., subprocess.CompletedProcess[str]]
    Golden = Callable[[Path, str], None]

FOLDER = Path(__file__).parent / "fixtures" / "migrate"
NAMES = sorted(path.name.removesuffix(".before.py") for path in FOLDER.glob("*.before.py"))


@pytest.mark.parametrize("name", NAMES)
def test_before_and_after(name: str, golden: Golden) -> None:
    before = (FOLDER / f"{name}.before.py").read_text(encoding="utf-8")
    result = migrate(before, parameter_classes([before]))
    left = "".join(f"# {line}: {message}\n" for line, message in result.left)
    golden(FOLDER / f"{name}.after.py", result.text + left)
    ast.parse(result.text)
    assert [line for line in before.splitlines() if "#" in line and line.partition("#")[2] not in result.text] == []


@pytest.mark.parametrize("name", NAMES)
def test_twice_changes_nothing_more(name: str) -> None:
    once = migrate((FOLDER / f"{name}.before.py").read_text(encoding="utf-8")).text
    assert migrate(once).text == once


def test_unchanged() -> None:
    text = (FOLDER / "unchanged.before.py").read_text(encoding="utf-8")
    assert migrate(text).text == text


def test_a_class_of_another_file(pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(
        "from zenml.steps import BaseParameters\n\n\nclass Config(BaseParameters):\n    epochs: int = 3\n",
        encoding="utf-8",
    )
    (tmp_path / "steps.py").write_text(
        "from config import Config\nfrom zenml.steps import step\n\n\n@step\ndef train(config: Config) -> None:\n    pass\n",
        encoding="utf-8",
    )
    shown = pipec("migrate", "config.py", "steps.py", cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "+def train(config: Config = Config()) -> None:\n" in shown.stdout
    assert "BaseParameters" in (tmp_path / "config.py").read_text(encoding="utf-8")
    written = pipec("migrate", "--write", "config.py", "steps.py", cwd=tmp_path)
    assert written.stdout == "config.py: rewritten\nsteps.py: rewritten\n"
    assert (tmp_path / "config.py").read_text(encoding="utf-8").startswith("from pydantic import BaseModel\n")
    assert pipec("migrate", "config.py", "steps.py", cwd=tmp_path).stdout == ""


def test_what_it_says(pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(
        "from zenml.pipelines import pipeline\n\n\n@pipeline\ndef p(load):\n    load()\n", encoding="utf-8"
    )
    (tmp_path / "broken.py").write_text("def (:\n", encoding="utf-8")
    result = pipec("migrate", "old.py", cwd=tmp_path)
    assert result.returncode == 1
    assert (
        result.stderr
        == "old.py:5: `p` takes its steps as arguments (`load`): call them by their own names in its body\n"
    )
    assert pipec("migrate", "missing.py", cwd=tmp_path).returncode == 2
    broken = pipec("migrate", "broken.py", cwd=tmp_path)
    assert broken.returncode == 1
    assert "Traceback" not in broken.stderr


def test_what_is_migrated_compiles_without_a_warning(pipec: RunPipec, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "main.py").write_text(
        "from zenml.pipelines import pipeline\nfrom zenml.steps import Output, step\n\n\n@step()\n"
        "def split() -> Output(a=int, b=int):\n    return 1, 2\n\n\n@pipeline()\ndef p():\n    a, b = split()\n",
        encoding="utf-8",
    )
    assert "PC0212" in pipec("check", "main.py", cwd=tmp_path).stderr
    pipec("migrate", "--write", "main.py", cwd=tmp_path)
    checked = pipec("check", "main.py", cwd=tmp_path)
    assert (checked.returncode, "PC0212" in checked.stderr) == (0, False)
