"""Start and stop a container engine with two registries, apart from any other on the machine.

    python engine.py start PROVISIONED STATE     prints, as JSON, what was started
    python engine.py stop STATE

PROVISIONED is what `provision.py` made; STATE a folder that is made, holds everything (images, logs, pid files) and is gone after `stop`.
Ports are chosen by the system and the engine's socket lies in a folder of its own, so any number run side by side. The engine has no
bridge and touches no firewall: builds use the network of the host (`network_mode="host"`), containers that or none.

    {"socket": …           unix socket of the engine; DOCKER_HOST=unix://SOCKET
     "docker": …           folder with a docker client that has BuildKit, to be put on PATH
     "registry": …         127.0.0.1:PORT, open to everybody
     "guarded": …          127.0.0.1:PORT, which wants USER and PASSWORD (below)
     "base": …             the base image by its local name, python:X.Y-slim
     "pushed_base": …      the same in the open registry, where its digest can be asked for
     "python": …           X.Y
     "environment": …      what pip needs on this machine, to be added to what is built without the base image}

Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from provision import Missing, environment

USER, PASSWORD = "builder", "correct-horse"
# `htpasswd -nbB builder correct-horse`; the registry reads bcrypt only, and Python cannot write it.
HTPASSWD = "builder:$2b$04$Mq2z.FZYSa0GEUfErQc7nuhKv/BmkQAZaRI9CZ9hv3RWJfCRGLria"
PATIENCE = 60.0


def start(provisioned: Path, state: Path) -> dict[str, Any]:
    """Start everything; what was started is stopped again if a part of it fails.

    Raises:
        Missing: the machine does not let an engine run.
    """
    state.mkdir(parents=True)
    # A path to a unix socket has a hundred bytes, which a checkout may exceed.
    sockets = Path(tempfile.mkdtemp(prefix="pipec-engine-"))
    (state / "sockets").write_text(str(sockets), encoding="utf-8")
    try:
        described = json.loads((provisioned / "base.json").read_text(encoding="utf-8"))
        _start_engine(provisioned, state, sockets / "docker.sock")
        registry = _start_registry(provisioned, state, "registry")
        guarded = _start_registry(provisioned, state, "guarded")
        base = f"python:{described['python']}-slim"
        pushed = f"{registry}/{base}"
        client = _Client(provisioned, sockets / "docker.sock")
        variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **described["environment"]}
        changes = [
            word for name, value in variables.items() for word in ("--change", f"ENV {name}={json.dumps(value)}")
        ]
        client.call("import", *changes, "--change", 'CMD ["python3"]', str(provisioned / "base.tar"), base)
        client.call("tag", base, pushed)
        client.call("push", "--quiet", pushed)
    except BaseException:
        stop(state)
        raise
    return {
        "socket": str(sockets / "docker.sock"),
        "docker": str(_client_folder(provisioned, state)),
        "registry": registry,
        "guarded": guarded,
        "base": base,
        "pushed_base": pushed,
        "python": described["python"],
        "environment": described["environment"],
    }


def stop(state: Path) -> None:
    """Stop what lies in `state`, by its pid files, and remove the folder."""
    for pidfile in sorted(state.glob("*.pid"), reverse=True):
        with contextlib.suppress(OSError, ValueError):
            _end(int(pidfile.read_text(encoding="utf-8")), str(state))
    for mounted in reversed(_mounts_below(state)):
        subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
    with contextlib.suppress(OSError):
        shutil.rmtree((state / "sockets").read_text(encoding="utf-8"))
    shutil.rmtree(state, ignore_errors=True)


class _Client:
    """The docker client of the packages, for what is done here."""

    def __init__(self, provisioned: Path, socket: Path) -> None:
        self.program = str(provisioned / "bin/docker")
        self.environment = environment(provisioned) | {"DOCKER_HOST": f"unix://{socket}"}

    def call(self, *words: str) -> str:
        """What the client printed.

        Raises:
            Missing: it failed.
        """
        done = subprocess.run([self.program, *words], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"containers: docker {words[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def _client_folder(provisioned: Path, state: Path) -> Path:
    """A folder with the docker client and nothing else."""
    folder = state / "client"
    folder.mkdir()
    (folder / "docker").symlink_to((provisioned / "bin/docker").resolve())
    return folder


def _start_engine(provisioned: Path, state: Path, socket: Path) -> None:
    command = [
        str(provisioned / "bin/dockerd"),
        *("--data-root", str(state / "data"), "--exec-root", str(socket.parent / "exec")),
        *("--host", f"unix://{socket}", "--pidfile", str(state / "engine-own.pid")),
        *("--iptables=false", "--ip6tables=false", "--bridge=none"),
    ]
    process = _spawn("engine", command, provisioned, state)
    client = _Client(provisioned, socket)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(Missing):
            client.call("version")
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise Missing(f"containers: the engine does not start: {_last_error(state / 'engine.log')}")


def _start_registry(provisioned: Path, state: Path, name: str) -> str:
    """Start a registry on a free port, which is read from its log; `guarded` wants a password."""
    configuration: dict[str, Any] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(state / name)}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0", "secret": "only-for-tests"},
    }
    if name == "guarded":
        (state / "htpasswd").write_text(HTPASSWD + "\n", encoding="utf-8")
        configuration["auth"] = {"htpasswd": {"realm": "tests", "path": str(state / "htpasswd")}}
    file = state / f"{name}.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")  # JSON is YAML
    process = _spawn(name, [str(provisioned / "bin/docker-registry"), "serve", str(file)], provisioned, state)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = re.search(r"listening on (127\.0\.0\.1:\d+)", (state / f"{name}.log").read_text(encoding="utf-8"))
        if found:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise Missing(f"containers: the registry does not start: {_last_error(state / f'{name}.log')}")


def _spawn(name: str, command: list[str], provisioned: Path, state: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C of the tests does not reach it before they have ended."""
    with (state / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment(provisioned),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=state,
        )
    (state / f"{name}.pid").write_text(str(process.pid), encoding="utf-8")
    return process


def _end(pid: int, state: str) -> None:
    """End the process, if the pid is still that of one of ours: it was started with `state` in its arguments."""
    with contextlib.suppress(OSError):
        if state not in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace"):
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE / 2
        while time.monotonic() < deadline and _is_running(pid):
            time.sleep(0.05)
        if _is_running(pid):
            os.kill(pid, signal.SIGKILL)


def _is_running(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _mounts_below(state: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [line.split()[1] for line in lines if line.split()[1].startswith(f"{state}/")]


def _last_error(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def main() -> int:
    """The command line; see the head of this file."""
    command, *folders = sys.argv[1:]
    paths = [Path(folder).absolute() for folder in folders]
    if command == "stop":
        stop(paths[0])
        return 0
    try:
        print(json.dumps(start(*paths)))
    except Missing as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
