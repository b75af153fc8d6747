"""The engine that the tests of the container builder use is a real one, and apart from any other."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from containers import DRIVER, PASSWORD, USER, Containers, running
from engines import locate

if TYPE_CHECKING:
    from pathlib import Path


def test_an_image_is_built_and_runs_without_network(containers: Containers, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {containers.base}\nRUN echo built > /mark\n", encoding="utf-8")
    containers.docker("build", "--quiet", "--network", "host", "--tag", "probe", str(tmp_path))
    said = containers.docker("run", "--rm", "--network", "none", "probe", "python", "-c", "print(open('/mark').read())")
    assert said.stdout.strip() == "built"


def test_buildkit_mounts_a_secret_that_no_layer_keeps(containers: Containers, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden-word", encoding="utf-8")
    text = f"FROM {containers.base}\nRUN --mount=type=secret,id=word grep -q hidden-word /run/secrets/word && touch /seen\n"
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    environment = {**containers.variables(buildkit=True), "DOCKER_BUILDKIT": "1"}
    command = [
        "docker",
        "build",
        "--quiet",
        "--network",
        "host",
        "--secret",
        f"id=word,src={tmp_path}/secret",
        "--tag",
        "secretive",
        str(tmp_path),
    ]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert containers.docker("run", "--rm", "--network", "none", "secretive", "ls", "/seen").stdout == "/seen\n"


def test_the_base_has_a_digest_in_the_registry(containers: Containers) -> None:
    name = containers.pushed_base.partition("/")[2]
    repository, _, tag = name.partition(":")
    with urllib.request.urlopen(f"http://{containers.registry}/v2/{repository}/tags/list") as answer:
        assert tag in json.load(answer)["tags"]
    assert containers.python in containers.base


def test_the_guarded_registry_wants_the_password(containers: Containers) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://{containers.guarded}/v2/")
    assert refused.value.code == 401
    word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(f"http://{containers.guarded}/v2/", headers={"Authorization": f"Basic {word}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def test_pip_reaches_the_index_of_this_machine(containers: Containers) -> None:
    command = ("python", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", "/tmp", "iniconfig==2.1.0")
    containers.docker("run", "--rm", "--network", "host", containers.base, *command)


def test_two_engines_run_side_by_side_and_leave_nothing(containers: Containers) -> None:
    with running(locate("containers")) as other:
        assert other.socket != containers.socket
        assert other.docker("images", "--quiet").stdout
        state = other.state
    assert not state.exists()
    assert not other.socket.parent.exists()
    assert containers.docker("version").returncode == 0


def test_stopping_what_never_started_is_no_fault(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, str(DRIVER), "stop", str(tmp_path / "none")], check=False).returncode == 0
