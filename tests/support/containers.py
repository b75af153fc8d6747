"""A container engine with two registries and a base image, for tests: the fixture `containers` gives a `Containers`.

    def test_something(containers: Containers, pipec: RunPipec, tmp_path: Path) -> None:
        done = pipec("build", "p.py", "--push", cwd=tmp_path, env=containers.variables())
        containers.docker("run", "--rm", "--network", "none", image, "python", "-c", "print(1)")

Everything is real and the suite's own: `tests/engines/containers/provision.py` fetches it once (a minute; kept beside the other engines'
environments), `engine.py` starts it for the session (8 s) on a socket and ports of its own. There is no bridge: a build that installs
something wants `network_mode="host"`, a container `--network host` or `none`. `containers.base` is the base image as the engine knows it,
`containers.pushed_base` the same in the registry, where its digest can be asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engines import CACHE, DRIVERS, DriverFailed, EngineMissing

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

DRIVER: Final = DRIVERS / "containers/engine.py"
USER: Final = "builder"
PASSWORD: Final = "correct-horse"


@dataclass(frozen=True, slots=True)
class Containers:
    """An engine that runs.

    Attributes:
        socket: its unix socket.
        client: a folder with a `docker` that has BuildKit, and nothing else.
        registry: `127.0.0.1:PORT`, open to everybody.
        guarded: `127.0.0.1:PORT`, which wants `USER` and `PASSWORD`.
        base: `python:X.Y-slim`.
        pushed_base: the same in the open registry.
        python: its version, `3.11`.
        environment: what pip needs on this machine, in an image that is not built on the base.
        state: the folder of the engine: its logs.
    """

    socket: Path
    client: Path
    registry: str
    guarded: str
    base: str
    pushed_base: str
    python: str
    environment: Mapping[str, str]
    state: Path

    @property
    def host(self) -> str:
        """What `DOCKER_HOST` names the engine by."""
        return f"unix://{self.socket}"

    def variables(self, *, buildkit: bool = False, config: Path | None = None) -> dict[str, str]:
        """What a process needs to find the engine; `config` is a folder with a `config.json` of Docker.

        Without `buildkit` no docker client is found, and there is the classic builder only.
        """
        folders = [each for each in os.environ.get("PATH", "").split(os.pathsep) if not Path(each, "docker").exists()]
        path = os.pathsep.join([str(self.client), *folders] if buildkit else [*self._without_docker(), *folders])
        return {"DOCKER_HOST": self.host, "PATH": path, "DOCKER_CONFIG": str(config or self.state / "no-config")}

    def _without_docker(self) -> list[str]:
        """Folders of the PATH that hold a docker client, with everything but it."""
        found: list[str] = []
        for number, each in enumerate(os.environ.get("PATH", "").split(os.pathsep)):
            if not Path(each, "docker").exists():
                continue
            folder = self.state / f"path-{number}"
            if not folder.exists():
                folder.mkdir(parents=True)
                for program in Path(each).iterdir():
                    if program.name != "docker":
                        (folder / program.name).symlink_to(program)
            found.append(str(folder))
        return found

    def docker(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Call the docker client of the engine's packages.

        Raises:
            DriverFailed: it failed, and `check` is on.
        """
        done = subprocess.run(
            [str(self.client / "docker"), *words],
            env={**os.environ, **self.variables(buildkit=True)},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise DriverFailed(f"docker {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def login(self, folder: Path) -> Path:
        """A configuration of Docker in `folder` that holds the password of the guarded registry."""
        import base64

        folder.mkdir(parents=True, exist_ok=True)
        entry = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        (folder / "config.json").write_text(json.dumps({"auths": {self.guarded: entry}}), encoding="utf-8")
        return folder


@contextlib.contextmanager
def running(provisioned: Path) -> Generator[Containers]:
    """An engine for the duration of a `with`; what a killed session left is swept away first.

    Raises:
        EngineMissing: this machine does not let one run.
    """
    home = CACHE / "containers"
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    state = home / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    done = subprocess.run(
        [sys.executable, str(DRIVER), "start", str(provisioned), str(state)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineMissing(done.stderr.strip())
    told = json.loads(done.stdout)
    try:
        yield Containers(
            socket=Path(told["socket"]),
            client=Path(told["docker"]),
            registry=told["registry"],
            guarded=told["guarded"],
            base=told["base"],
            pushed_base=told["pushed_base"],
            python=told["python"],
            environment=told["environment"],
            state=state,
        )
    finally:
        subprocess.run([sys.executable, str(DRIVER), "stop", str(state)], check=False)


def _sweep(home: Path) -> None:
    for state in home.iterdir():
        owner = state.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            subprocess.run([sys.executable, str(DRIVER), "stop", str(state)], check=False)
            shutil.rmtree(state, ignore_errors=True)
