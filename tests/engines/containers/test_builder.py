"""`pipec build` with a real engine and a real registry: what it builds, pushes, notes and refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from containers import PASSWORD, Containers
from pipec.compiler.images.lock import Lock, read_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Golden = Callable[[Path, str], None]
    RunPipec = Callable[..., subprocess.CompletedProcess[str]]

EXPECTED = Path(__file__).parent / "golden"
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


BUILD = ("build", "main.py", "--push", "--network", "host")


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("error", "warning"))]


def layers_of(reference: str, containers: Containers) -> list[str]:
    layers: list[str] = json.loads(containers.docker("image", "inspect", reference).stdout)[0]["RootFS"]["Layers"]
    return layers


def test_each_set_of_requirements_is_an_image_and_an_edit_rebuilds_what_needs_it(
    containers: Containers, pipec: RunPipec, tmp_path: Path
) -> None:
    other = '(settings={"docker": DockerSettings(requirements="train.txt")})'
    folder = project(tmp_path, containers, team="edits", train=other)
    (folder / "train.txt").write_text("iniconfig==2.1.0\n")
    source = (folder / "main.py").read_text()

    def built() -> tuple[list[list[str]], list[str]]:
        done = pipec(*BUILD, cwd=folder, env=containers.variables())
        assert done.returncode == 0, done.stderr
        found = [line.rsplit(": ", maxsplit=1) for line in done.stdout.splitlines()]
        for reference, _ in found:
            containers.docker("pull", "--quiet", reference)
        return [layers_of(reference, containers) for reference, _ in found], [
            words.split(" (")[0] for _, words in found
        ]

    first, words = built()
    assert words == ["built, pushed", "built, pushed"]
    (folder / "main.py").write_text(source.replace("rows / 2", "rows / 3"))
    edited, words = built()
    assert words == ["built, pushed", "built, pushed"]
    # The last layer is the code; those below are the very same.
    assert [one[:-1] for one in edited] == [one[:-1] for one in first]
    assert [one[-1] for one in edited] != [one[-1] for one in first]
    (folder / "train.txt").write_text("iniconfig==2.0.0\n")
    after, words = built()
    assert words == ["in the registry", "built, pushed"]
    assert after[0] == edited[0]
    assert after[1][:-1] != edited[1][:-1]
    assert after[1][-1] == edited[1][-1]


def test_the_code_layer_built_from_scratch_in_another_place_has_the_same_digest(
    containers: Containers, pipec: RunPipec, tmp_path: Path
) -> None:
    last: set[str] = set()
    references: set[str] = set()
    for number, builder in enumerate(("classic", "classic", "buildkit")):
        anew = 'build_config={"build_options": {"no_cache": True}}, prevent_build_reuse=True'
        folder = project(tmp_path / f"place-{number}", containers, anew, team="scratch")
        done = pipec(*BUILD, "--builder", builder, cwd=folder, env=containers.variables(buildkit=True))
        assert done.returncode == 0, done.stderr
        reference = done.stdout.rpartition(": built")[0]
        references.add(reference)
        last.add(layers_of(reference, containers)[-1])
    assert len(references) == 1
    assert len(last) == 1


def test_a_rebuild_whose_digest_differs_is_reported(containers: Containers, pipec: RunPipec, tmp_path: Path) -> None:
    anew = 'build_config={"build_options": {"no_cache": True}}, prevent_build_reuse=True'
    folder = project(tmp_path, containers, anew, team="differs")
    for _ in range(2):
        before = images_of(folder, containers, "differs")
        done = pipec(*BUILD, cwd=folder, env=containers.variables())
        assert done.returncode == 0, done.stderr
    after = images_of(folder, containers, "differs")
    assert before != after
    assert before.keys() == after.keys()
    ((old,), (new,)) = (before.values(), after.values())
    assert f"warning[PC0622]: the image `churn` has another digest than `pipec.lock` says: {new}" in done.stderr
    assert f"note: it was {old}" in done.stderr


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_a_failing_build_shows_line_and_log(
    builder: str, containers: Containers, pipec: RunPipec, golden: Golden, tmp_path: Path
) -> None:
    folder = project(tmp_path, containers, "dockerfile='docker/own.Dockerfile'", team="failing")
    (folder / "docker").mkdir()
    text = f"FROM {containers.pushed_base}\nENV A=1\n# Prints, then fails.\nRUN echo going && \\\n    echo 'it says why' && exit 3\nRUN true\n"
    (folder / "docker/own.Dockerfile").write_text(text)
    done = pipec(*BUILD, "--builder", builder, cwd=folder, env=containers.variables(buildkit=True))
    assert done.returncode == 1
    assert not (folder / "pipec.lock").exists()
    golden(EXPECTED / f"failing-{builder}.txt", done.stderr[done.stderr.index("error[") :])


def test_without_an_engine_plan_and_emit_work(
    containers: Containers, pipec: RunPipec, golden: Golden, tmp_path: Path
) -> None:
    folder = project(tmp_path, containers, team="none")
    env = {"DOCKER_HOST": "unix:///nowhere.sock"}
    done = pipec(*BUILD, cwd=folder, env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    golden(EXPECTED / "no-engine.txt", done.stderr)
    assert pipec("build", "main.py", "--plan", cwd=folder, env=env).returncode == 0
    assert pipec("build", "main.py", "--emit", "out", cwd=folder, env=env).returncode == 0
    assert (folder / "out/churn/Dockerfile").is_file()


def test_a_registry_that_is_down_and_one_that_refuses(containers: Containers, pipec: RunPipec, tmp_path: Path) -> None:
    folder = project(tmp_path, containers, team="refused")
    good = (folder / "pyproject.toml").read_text()
    env = containers.variables()
    (folder / "pyproject.toml").write_text(good.replace(f'"{containers.registry}/refused"', '"127.0.0.1:1/team"'))
    down = pipec(*BUILD, cwd=folder, env=env)
    assert down.returncode == 1
    assert lines_of(down.stderr) == [
        "error[PC0618]: the registry `127.0.0.1:1` does not answer: [Errno 111] Connection refused"
    ]
    (folder / "pyproject.toml").write_text(
        good.replace(f'"{containers.registry}/refused"', f'"{containers.guarded}/team"')
    )
    refused = pipec(*BUILD, cwd=folder, env=env)
    assert refused.returncode == 1
    assert refused.stderr.count("error[PC0619]") == 1
    assert f"docker login {containers.guarded}" in refused.stderr
    assert not (folder / "pipec.lock").exists()
    known = containers.variables(config=containers.login(tmp_path / "config"))
    pushed = pipec(*BUILD, cwd=folder, env=known)
    assert pushed.returncode == 0, pushed.stderr
    assert f"{containers.guarded}/team/churn" in lock_of(folder).images
    again = pipec(*BUILD, cwd=folder, env=known)
    assert "in the registry" in again.stdout
    everything = "".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file() and "config" not in path.parts
    )
    assert PASSWORD not in everything + pushed.stdout + pushed.stderr


def test_an_image_in_which_a_step_cannot_be_imported_is_not_pushed(
    containers: Containers, pipec: RunPipec, golden: Golden, tmp_path: Path
) -> None:
    folder = project(tmp_path, containers, team="smoke")
    source = (folder / "main.py").read_text().replace("import DockerSettings", "import DockerSettings", 1)
    (folder / "helper.py").write_text("import nothing_like_it\n\nFACTOR = nothing_like_it.FACTOR\n")
    source = "from helper import FACTOR\n" + source.replace("rows / 2", "rows / FACTOR")
    (folder / "main.py").write_text(source)
    done = pipec(*BUILD, cwd=folder, env=containers.variables())
    assert done.returncode == 1
    golden(EXPECTED / "smoke.txt", done.stderr[done.stderr.index("error[") :])
    assert not (folder / "pipec.lock").exists()
    taken = pipec(*BUILD, "--no-smoke-test", cwd=folder, env=containers.variables())
    assert taken.returncode == 0, taken.stderr


def test_ctrl_c_leaves_nothing_behind(containers: Containers, tmp_path: Path) -> None:
    folder = project(tmp_path, containers, "dockerfile='Dockerfile'", team="interrupted")
    (folder / "Dockerfile").write_text(f"FROM {containers.pushed_base}\nRUN echo waiting && sleep 300\n")
    environment = {**os.environ, **containers.variables(), "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipec", *BUILD], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "RUN echo waiting" in line:
            break
    deadline = time.monotonic() + 30
    while "sleep 300" not in containers.docker("ps", "--no-trunc").stdout and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert not (folder / "pipec.lock").exists()
    assert not list(folder.glob(".pipec.lock*"))
    deadline = time.monotonic() + 30
    while (left := containers.docker("ps", "--all", "--no-trunc").stdout).count(
        "sleep 300"
    ) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "sleep 300" not in left
    assert "interrupted" not in containers.docker("images").stdout
