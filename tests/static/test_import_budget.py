"""What each command imports: the expected lists are the start-up budget, and what joins them is paid by every call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "imports"
DENIED = frozenset(
    "airflow asyncio dataclasses difflib email hera http importlib.metadata inspect jinja2 kfp kubernetes libcst logging multiprocessing "
    "pydantic pydantic_core rich sqlite3 ssl unittest yaml zenml".split()
)

COMMANDS = {
    "version": ["--version"],
    "explain": ["explain"],
    "check": ["check", str(ROOT / "examples/hello/hello.py")],
    **{
        f"compile-{target}": ["compile", str(ROOT / "examples/hello/hello.py"), "--target", target, "-o", "out"]
        for target in ("ir", "airflow", "kubeflow", "argo")
    },
}
ALLOWED = {"compile-kubeflow": {"yaml"}, "compile-argo": {"yaml"}}
"""These read back what they print."""


def loaded(words: list[str], folder: Path) -> set[str]:
    """The modules that are there after the command and were not before it."""
    roots = [str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime")]
    code = (
        f"sys.path[:0] = {roots!r}\nbefore = set(sys.modules)\nfrom pipec.compiler.cli import main\n"
        f"status = main({words!r})\nprint('\\n' + ' '.join(sorted(set(sys.modules) - before)))\nsys.exit(status)"
    )
    # No site: a module that the environment's own .pth files load would hide that we load it. PyYAML is put back by path.
    packages = str(Path(yaml.__file__).parents[1])
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.append({packages!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_what_it_needs(command: str, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    names = loaded(COMMANDS[command], tmp_path)
    ours = sorted(name for name in names if name.split(".")[0] == "pipec")
    golden(EXPECTED / f"{command}.txt", "".join(f"{name}\n" for name in ours))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_loads_what_is_dear(command: str, tmp_path: Path) -> None:
    assert sorted(loaded(COMMANDS[command], tmp_path) & (DENIED - ALLOWED.get(command, set()))) == []
