"""`pipec build` with a real engine and a real registry: what it builds, pushes, notes and refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.images.lock import Lock, read_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import RunPipec

    from containers import Containers

HEAD = """\
[project]
name = "images"
requires-python = ">=3.11"
[tool.pipec.image]
registry = "{registry}/{team}"
base = "{base}"
"""
PROGRAM = """\
from pipec.sdk import DockerSettings, pipeline, step


@step
def load() -> int:
    return 3


@step{train}
def train(rows: int) -> float:
    return rows / 2


@pipeline(settings={{"docker": DockerSettings({docker})}})
def churn():
    train(load())
"""


def project(
    folder: Path, containers: Containers, docker: str = "", *, team: str, train: str = "", more: str = ""
) -> Path:
    """A project whose images are pushed below `team` of the open registry; no image installs anything unless asked."""
    folder.mkdir(parents=True, exist_ok=True)
    head = HEAD.format(registry=containers.registry, team=team, base=containers.pushed_base)
    (folder / "pyproject.toml").write_text(head + more, encoding="utf-8")
    (folder / "main.py").write_text(PROGRAM.format(docker=docker, train=train), encoding="utf-8")
    return folder


def lock_of(folder: Path) -> Lock:
    lock, faults = read_lock(folder)
    assert not faults
    return lock


def images_of(folder: Path, containers: Containers, team: str, name: str = "churn") -> Mapping[str, str]:
    return lock_of(folder).images.get(f"{containers.registry}/{team}/{name}", {})


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_an_image_is_built_tried_pushed_noted_and_then_found(
    builder: str, containers: Containers, pipec: RunPipec, tmp_path: Path
) -> None:
    team = f"first-{builder}"
    folder = project(tmp_path, containers, team=team)
    env = containers.variables(buildkit=True)
    command = ("build", "main.py", "--push", "--network", "host", "--builder", builder)
    done = pipec(*command, cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"{containers.registry}/{team}/churn:[0-9a-f]{{16}}: built, pushed \(sha256:[0-9a-f]{{12}}\)\n", done.stdout
    )
    ((tag, digest),) = images_of(folder, containers, team).items()
    assert set(lock_of(folder).base) == {containers.pushed_base}
    planned = pipec("build", "main.py", "--plan", cwd=folder)
    assert f"{containers.registry}/{team}/churn@{digest}" in planned.stdout
    assert planned.stderr == ""
    before = (folder / "pipec.lock").read_bytes()
    containers.docker("rmi", "--force", f"{containers.registry}/{team}/churn:{tag}")
    again = pipec(*command, cwd=folder, env=env)
    assert again.stdout == f"{containers.registry}/{team}/churn:{tag}: in the registry ({digest[:19]})\n"
    assert (folder / "pipec.lock").read_bytes() == before
