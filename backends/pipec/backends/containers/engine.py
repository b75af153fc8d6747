"""The container engine: where its socket is, what it can do, and how its faults are said.

The engine is the one that `DOCKER_HOST` or Docker's current context names, else the first socket of a Docker or Podman that
answers. BuildKit is used where a `docker` command line is found that builds with it; that is tried, not assumed, because a
client may lack the plug-in, and an engine the builder.
"""

from __future__ import annotations

import os
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

from pipec.backends.containers.faults import BuildFailed
from pipec.compiler.diagnostics import Diagnostic

TIMEOUT = 3600
"""Seconds that the engine may say nothing: an installation can be silent for long."""

_HELP = "start Docker or Podman, or name its socket in DOCKER_HOST; `--plan` and `--emit DIR` need no engine"


class Engine:
    """A container engine that answers.

    Args:
        api: the low-level client of Docker's SDK.
        host: its address.
    """

    def __init__(self, api: Any, host: str) -> None:
        self.api = api
        self.host = host

    @cached_property
    def buildkit(self) -> str | None:
        """The `docker` program that builds with BuildKit on this engine; None where a trial finds none."""
        programs = [str(Path(folder, "docker")) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
        return next((one for one in dict.fromkeys(programs) if self._builds(one)), None)

    def _builds(self, program: str) -> bool:
        """Whether a trial build succeeds; its result goes nowhere."""
        if not os.access(program, os.X_OK):
            return False
        command = [program, "build", "--quiet", "--output", f"type=tar,dest={os.devnull}", "-"]
        try:
            done = subprocess.run(
                command,
                input=b"FROM scratch\nLABEL pipec.trial=1\n",
                env=self.environment(),
                capture_output=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def environment(self) -> dict[str, str]:
        """The variables of a `docker` command line that speaks to this engine."""
        return {**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}

    def image_id(self, reference: str) -> str | None:
        """The id of an image that the engine has; None where it has not."""
        found = self.inspect(reference)
        return None if found is None else str(found.get("Id"))

    def inspect(self, reference: str) -> dict[str, Any] | None:
        """What the engine knows of an image that it has."""
        from docker.errors import NotFound

        try:
            found: dict[str, Any] = self.api.inspect_image(reference)
        except NotFound:
            return None
        return found

    @cached_property
    def insecure(self) -> frozenset[str]:
        """Registries that this engine speaks to without TLS."""
        configured = (self.api.info().get("RegistryConfig") or {}).get("IndexConfigs") or {}
        return frozenset(name for name, one in configured.items() if not one.get("Secure", True))


def connect() -> Engine:
    """The engine.

    Raises:
        BuildFailed: Docker's SDK is not installed (PC0616), or no engine answers (PC0613).
    """
    try:
        import docker
        from docker.errors import DockerException
    except ImportError:
        message = "images are built through Docker's SDK for Python, which is not installed"
        help_ = "`pip install 'pipec[docker]'`; `--plan` and `--emit DIR` need neither it nor an engine"
        raise BuildFailed(Diagnostic("PC0616", message, help=help_)) from None
    told = _named_host()
    tried: list[str] = []
    for host in [told] if told else _sockets():
        tls = docker.tls.TLSConfig(verify=bool(os.environ.get("DOCKER_TLS_VERIFY"))) if _wants_tls(host) else False
        try:
            arguments = docker.utils.kwargs_from_env() if tls else {"base_url": host}
            api = docker.APIClient(**arguments, version="auto", timeout=TIMEOUT)
        except (DockerException, OSError, ValueError) as problem:
            tried.append(f"`{host}`: {_reason(problem)}")
            continue
        return Engine(api, host)
    notes = tuple(tried) or ("there is no socket of Docker or Podman in its usual places",)
    raise BuildFailed(Diagnostic("PC0613", "no container engine answers", notes=notes, help=_HELP))


def _wants_tls(host: str) -> bool:
    return host.startswith("tcp://") and bool(os.environ.get("DOCKER_TLS_VERIFY") or os.environ.get("DOCKER_CERT_PATH"))


def _named_host() -> str | None:
    """What the environment or Docker's current context names."""
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    from docker.context import ContextAPI

    try:
        context = ContextAPI.get_current_context()
    except Exception:  # a broken configuration of Docker is not ours to judge; the sockets are tried
        return None
    name = None if context is None else context.name
    return None if context is None or name == "default" else str(context.Host)


def _sockets() -> list[str]:
    """Addresses of the sockets that exist, Docker's before Podman's."""
    home, run = Path.home(), os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{_user()}")
    places = (
        Path("/var/run/docker.sock"), Path(run) / "docker.sock", home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock", home / ".colima/default/docker.sock", home / ".rd/docker.sock",
        Path(run) / "podman/podman.sock", Path("/run/podman/podman.sock"),
    )  # fmt: skip
    if os.name == "nt":
        return ["npipe:////./pipe/docker_engine"]
    return [f"unix://{place}" for place in places if place.exists()]


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _reason(problem: Exception) -> str:
    """The innermost words of an exception of the SDK, which wraps several."""
    text = str(problem)
    for words in ("No such file or directory", "Connection refused", "Permission denied", "Name or service not known"):
        if words in text:
            return words.lower()
    return text.splitlines()[0] if text else type(problem).__name__
