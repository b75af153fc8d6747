"""The distribution as a user gets it: the wheel and the sdist, installed into an environment that has seen nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("compiler", "backends", "templates", "runtime")
SCRIPTS = Path(sysconfig.get_path("scripts")).name
LEFT_OUT = {"__pycache__", ".DS_Store"}

pytestmark = pytest.mark.xdist_group("packaging")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def uv() -> str:
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found, "uv is in requirements/dev.lock"
    return found


@dataclass(frozen=True, slots=True)
class Built:
    """A wheel made from the tree, an sdist, and a wheel made from that sdist."""

    wheel: Path
    sdist: Path
    from_sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    direct, packed, again = (tmp_path_factory.mktemp(name) for name in ("wheel", "sdist", "wheel-from-sdist"))
    build = (uv(), "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--offline")
    run(*build, "--wheel", "--out-dir", direct, ROOT)
    run(*build, "--sdist", "--out-dir", packed, ROOT)
    (sdist,) = packed.glob("*.tar.gz")
    run(*build, "--wheel", "--out-dir", again, sdist)
    (wheel,), (from_sdist,) = direct.glob("*.whl"), again.glob("*.whl")
    return Built(wheel, sdist, from_sdist)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and, pinned by the lock, what it depends on."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(uv(), "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / SCRIPTS / "python"
    constraints = folder / "constraints.txt"
    lock = (ROOT / "requirements/dev.lock").read_text(encoding="utf-8")
    constraints.write_text(
        "\n".join(line.rstrip(" \\") for line in lock.splitlines() if "==" in line and line[0] != " ")
    )
    run(uv(), "pip", "install", "--quiet", "--python", python, "--constraints", constraints, built.wheel)
    return python


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def shipped() -> set[str]:
    """What the source roots hold, as paths in a wheel. Bytecode is never shipped."""
    found = {
        path.relative_to(ROOT / root).as_posix()
        for root in SOURCE_ROOTS
        for path in (ROOT / root / "pipec").rglob("*")
        if path.is_file() and not LEFT_OUT & set(path.parts) and path.suffix not in {".pyc", ".pyo"}
    }
    assert "pipec/compiler/version.py" in found
    return found


def test_the_wheel_holds_every_file_of_the_source_roots_and_nothing_else(built: Built) -> None:
    names = {name for name in names_in(built.wheel) if ".dist-info/" not in name}
    assert names == shipped()
    for package in ("compiler", "backends", "templates", "runtime", "sdk"):
        assert f"pipec/{package}/py.typed" in names
    assert "pipec/__main__.py" in names
    assert "pipec/__init__.py" not in names


def test_a_wheel_from_the_sdist_is_the_same(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as first, zipfile.ZipFile(built.from_sdist) as second:
        assert {name: first.read(name) for name in first.namelist()} == {
            name: second.read(name) for name in second.namelist()
        }


def test_the_sdist_has_the_tests_and_no_leftovers(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/tests/conftest.py") for name in names)
    assert [name for name in names if "/.venv" in name or "/.cache/" in name or name.endswith(".pyc")] == []


def test_nothing_but_pipec_is_importable(installed: Path, tmp_path: Path) -> None:
    script = "import importlib.util as u, json, sys; print(json.dumps({n: u.find_spec(n) is not None for n in sys.argv[1:]}))"
    names = ["pipec", *SOURCE_ROOTS, "tests", "examples", "tools"]
    found = json.loads(run(installed, "-I", "-c", script, *names, cwd=tmp_path))
    assert found == {name: name == "pipec" for name in names}


def test_the_targets_are_registered(installed: Path, tmp_path: Path) -> None:
    script = "import importlib.metadata as m; print({p.name: p.value for p in m.entry_points(group='pipec.backends')})"
    expected = {name: f"pipec.backends.{name}:backend" for name in ("airflow", "argo", "kubeflow")}
    expected["local"] = "pipec.backends.local.backend:backend"
    assert run(installed, "-I", "-c", script, cwd=tmp_path).strip() == str(dict(sorted(expected.items())))


CLI = ROOT / "compiler/pipec/compiler/cli"


@pytest.mark.skipif(
    not CLI.exists() and not CLI.with_suffix(".py").exists(), reason="the command line is not there yet"
)
@pytest.mark.parametrize("command", [("pipec",), ("python", "-I", "-m", "pipec")])
def test_the_command_line_starts(installed: Path, command: tuple[str, ...], tmp_path: Path) -> None:
    from pipec.compiler.version import __version__

    printed = run(installed.parent / command[0], *command[1:], "--version", cwd=tmp_path)
    assert __version__ in printed


EXPLAIN = ROOT / "compiler/pipec/compiler/diagnostics/explain"


@pytest.mark.skipif(not EXPLAIN.is_dir(), reason="there is no explain page yet")
def test_pages_and_templates_are_readable_where_installed(installed: Path, tmp_path: Path) -> None:
    script = (
        "import importlib.resources as r, json; "
        "pages = [p.name for p in r.files('pipec.compiler').joinpath('diagnostics/explain').iterdir()]; "
        "print(json.dumps(sorted(pages)))"
    )
    assert json.loads(run(installed, "-I", "-c", script, cwd=tmp_path)) == sorted(p.name for p in EXPLAIN.iterdir())
