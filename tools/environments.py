"""Make or reuse the environments that the tests need, and say where they are.

    python tools/environments.py ensure dev airflow kubeflow argo argo3 containers
    python tools/environments.py locate airflow

An environment holds the digest of what it was made from. As long as that is unchanged, `ensure` returns at once; else it brings the
environment to the new lock. An environment without that digest was made by hand and is used as it is. Standard library only, since it
runs before anything is installed. `PIPEC_VENVS` names a folder for the engine environments that several clones can share.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
CACHE = ROOT / ".cache"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
STAMP = "pipec.digest"
UNFINISHED = "unfinished"


class Missing(Exception):
    """An environment is not there, or cannot be made on this machine; the text says why and what to do."""


@dataclass(frozen=True)
class Venv:
    """A virtual environment that holds exactly what its lock names, and for development pipec itself as well."""

    name: str
    lock: Path
    folder: Path
    is_editable: bool = False

    @property
    def program(self) -> Path:
        """The interpreter of the environment."""
        return self.folder / SCRIPTS / "python"

    @property
    def guard(self) -> Path:
        """The file that a process locks while it makes the environment."""
        return CACHE / "venv.lock" if self.is_editable else self.folder.with_name(f".{self.folder.name}.lock")

    def digest(self) -> str:
        """What the environment is made from: the lock, this interpreter, and pipec's own metadata if it is installed."""
        parts = [self.lock, LOCKS / "bootstrap.lock"]
        if self.is_editable:
            parts += [ROOT / "pyproject.toml", ROOT / "compiler/pipec/compiler/version.py"]
        return _digest_of(parts, sys.version)

    def ensure(self) -> None:
        """Create the environment, or bring it to the lock."""
        stamp = self.folder / STAMP
        recorded = stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else None
        if self.program.exists() and recorded in {None, self.digest()}:
            if recorded is None:
                _say(f"{self.name}: {self.folder} was made by hand; used as it is")
            return
        _say(f"{self.name}: making {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True)
        # Written before the interpreter appears: an environment that was interrupted must not look like one made by hand.
        stamp.write_text(UNFINISHED, encoding="utf-8")
        if self.is_editable:
            self._bootstrap()
        else:
            _run(_uv(), "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(self.folder))
        _run(_uv(), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", *self._into(), str(self.lock))
        if self.is_editable:
            offline = ("--no-deps", "--no-build-isolation")
            _run(_uv(), "pip", "install", "--quiet", *offline, *self._into(), "--editable", str(ROOT))
        stamp.write_text(self.digest() + "\n", encoding="utf-8")

    def _into(self) -> tuple[str, ...]:
        return ("--python", str(self.program))

    def _bootstrap(self) -> None:
        """A first environment with nothing but the pinned uv, which makes everything else."""
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(self.folder))
        finally:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / STAMP).write_text(UNFINISHED, encoding="utf-8")
        quiet = ("--quiet", "--disable-pip-version-check")
        _run(str(self.program), "-m", "pip", "install", *quiet, "--require-hashes", "-r", str(LOCKS / "bootstrap.lock"))


@dataclass(frozen=True)
class Browser(Venv):
    """An environment that drives a Chromium of the system. As root where there is apt, the browser is installed as well."""

    @staticmethod
    def chromium() -> str | None:
        """The browser."""
        names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        return next((path for name in names if (path := shutil.which(name))), None)

    def ensure(self) -> None:
        """Create the environment, and install the browser where that can be done.

        Raises:
            Missing: there is no browser.
        """
        super().ensure()
        if self.chromium() is None and shutil.which("apt-get") and os.geteuid() == 0:
            _say(f"{self.name}: installing Chromium")
            _run("apt-get", "update", "-qq")
            _run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium")
        self.require()

    def require(self) -> None:
        """See that there is a browser.

        Raises:
            Missing: there is none.
        """
        if self.chromium() is None:
            raise Missing(f"{self.name}: there is no Chromium; `apt-get install chromium`, as root, installs it")


@dataclass(frozen=True)
class GoProgram:
    """A program of tests/engines that is built where Go is present; Go's own build cache makes the second build quick."""

    name: str
    source: Path
    shared: tuple[Path, ...]

    @property
    def program(self) -> Path:
        """The built program."""
        return CACHE / "bin" / (self.source.parent.name + "-" + self.source.name)

    @property
    def guard(self) -> Path:
        """The file that a process locks while it builds."""
        return self.program.with_name(f"{self.program.name}.lock")

    def digest(self) -> str:
        """The sources and pins that the program is built from."""
        folders = (self.source, *self.shared)
        return _digest_of(sorted(path for folder in folders for path in folder.iterdir() if path.is_file()), "")

    def ensure(self) -> None:
        """Build the program if its sources changed.

        Raises:
            Missing: Go is not installed.
        """
        stamp = self.program.with_name(self.program.name + ".digest")
        if self.program.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == self.digest():
            return
        go = shutil.which("go")
        if go is None:
            raise Missing(f"{self.name}: Go is not installed, and its validator is built from source")
        _say(f"{self.name}: building {self.source.relative_to(ROOT)}")
        self.program.parent.mkdir(parents=True, exist_ok=True)
        partial = self.program.with_name(f"{self.program.name}.{os.getpid()}")
        # -mod=readonly: what is not in go.sum is an error, so the build is as pinned as the Python locks.
        flags = ("-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w")
        _run(go, "build", *flags, "-o", str(partial), ".", cwd=self.source)
        partial.replace(self.program)
        stamp.write_text(self.digest() + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Packages:
    """A container engine, a registry and a base image, unpacked from Debian packages into a folder; see tests/engines/containers."""

    name: str
    script: Path
    shared: Path

    @property
    def folder(self) -> Path:
        """Named by the script, so that a clone with another one does not take the folder away from under a running engine."""
        return self.shared / f"{self.name}-{self.digest()[:8]}"

    @property
    def program(self) -> Path:
        """The folder itself, which holds more than one program."""
        return self.folder

    @property
    def guard(self) -> Path:
        """The file that a process locks while it fills the folder."""
        return self.folder.with_name(f".{self.folder.name}.lock")

    def digest(self) -> str:
        """The script; what it fetches is whatever the machine's release of Debian has."""
        return _digest_of([self.script], "")

    def ensure(self) -> None:
        """Fetch and unpack, once.

        Raises:
            Missing: no root, no apt, or no network.
        """
        stamp = self.folder / STAMP
        if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == self.digest():
            return
        _say(f"{self.name}: filling {self.folder}")
        shutil.rmtree(self.folder, ignore_errors=True)
        done = subprocess.run(
            [sys.executable, str(self.script), str(self.folder)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise Missing(lines[-1] if lines else f"{self.name}: {self.script.name} failed")
        stamp.write_text(self.digest() + "\n", encoding="utf-8")


Environment = Venv | GoProgram | Packages


def environments() -> dict[str, Environment]:
    """Every environment by its name."""
    shared = Path(os.environ.get("PIPEC_VENVS") or ROOT / ".venvs").absolute()
    argo = ROOT / "tests/engines/argo"
    every: tuple[Environment, ...] = (
        Venv("dev", LOCKS / "dev.lock", ROOT / ".venv", is_editable=True),
        Venv("airflow", LOCKS / "airflow.lock", shared / "airflow3"),
        Venv("kubeflow", LOCKS / "kubeflow.lock", shared / "kfp"),
        Browser("browser", LOCKS / "browser.lock", shared / "browser"),
        Venv("docs", LOCKS / "docs.lock", shared / "docs"),
        # For benchmarks/run.py alone; nothing but `make bench` asks for them.
        Venv("zenml", LOCKS / "zenml.lock", shared / "zenml"),
        Venv("metaflow", LOCKS / "metaflow.lock", shared / "metaflow"),
        GoProgram("argo", argo / "v4", shared=(argo / "lint",)),
        GoProgram("argo3", argo / "v3", shared=(argo / "lint",)),
        Packages("containers", ROOT / "tests/engines/containers/provision.py", shared),
    )
    return {each.name: each for each in every}


def ensure(names: Sequence[str]) -> None:
    """Make the named environments, one after the other; another process that does the same waits.

    What this machine cannot have (a Go program without Go, the container engine without root) is left out with a message. Tests that need
    it then skip, and fail under `CI=true`.
    """
    every = environments()
    for name in names:
        each = every[name]
        started = time.monotonic()
        with _exclusive(each.guard):
            try:
                each.ensure()
            except Missing as reason:
                _say(str(reason))
                continue
        _say(f"{name}: ready ({time.monotonic() - started:.0f} s)")


def locate(name: str) -> Path:
    """The interpreter, program or folder of an environment; all but interpreters are made if they can be.

    Raises:
        Missing: it is not there.
    """
    each = environments()[name]
    if not isinstance(each, Venv):
        with _exclusive(each.guard):
            each.ensure()
        return each.program
    stamp = each.program.parent.parent / STAMP
    if not each.program.exists() or (stamp.is_file() and stamp.read_text(encoding="utf-8") == UNFINISHED):
        raise Missing(f"{name}: {each.program} is missing; `make setup` makes it")
    if isinstance(each, Browser):
        each.require()
    return each.program


@contextlib.contextmanager
def _exclusive(guard: Path) -> Generator[None]:
    """Hold the lock `guard`. Where the platform has no advisory locks, nobody waits."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    guard.parent.mkdir(parents=True, exist_ok=True)
    with guard.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _digest_of(paths: Sequence[Path], extra: str) -> str:
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _uv() -> str:
    """The pinned uv of .venv; without it, as where only the engines are made by hand, the one on the path."""
    pinned = ROOT / ".venv" / SCRIPTS / "uv"
    found = str(pinned) if pinned.exists() else shutil.which("uv")
    if found is None:
        raise SystemExit("no uv: run `make setup`, which installs the pinned one into .venv")
    return found


def _run(*command: str, cwd: Path = ROOT) -> None:
    # A virtual environment that happens to be active must not become the target of uv.
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(command, cwd=cwd, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(f"failed with exit status {done.returncode}: {' '.join(command)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the head of this file."""
    if sys.version_info < OLDEST:
        print("pipec needs Python 3.11 or later; `make PYTHON=/path/to/python3.11`", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=("ensure", "locate"))
    parser.add_argument("names", nargs="+", choices=tuple(environments()))
    chosen = parser.parse_args(arguments)
    if chosen.command == "ensure":
        ensure(chosen.names)
        return 0
    try:
        for name in chosen.names:
            print(locate(name))
    except Missing as reason:
        _say(str(reason))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
