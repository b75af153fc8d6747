"""Fetch a container engine, a registry and a base image from Debian or Ubuntu into one folder; nothing is installed on the machine.

    python provision.py FOLDER

Needs root (`debootstrap` and the engine do), apt, and a Debian mirror, which is taken from the machine's own apt sources. Makes

    FOLDER/root/        the unpacked packages: docker.io, docker-registry, debootstrap and what they need beside what is installed
    FOLDER/bin/         links to their programs
    FOLDER/base.tar     a small Debian with Python and pip, to be imported as `python:X.Y-slim`, since no public registry may be within reach
    FOLDER/base.json    its Python's version, and the variables that pip, uv and apt need on this machine

A base image of our own lacks the machine's certificates and package index, without which pip cannot install anything in a build. Both
are put into it: it serves the tests alone, and what pipec builds for users gets neither. Standard library only.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGES = ("docker.io", "docker-registry", "debootstrap")
PROGRAMS = (
    "dockerd",
    "docker",
    "docker-init",
    "docker-registry",
    "containerd",
    "containerd-shim-runc-v2",
    "runc",
    "debootstrap",
)
IN_BASE = ("python3", "python3-pip", "python3-venv", "ca-certificates")
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
INDEX_SETTINGS = ("index-url", "extra-index-url")
USELESS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)


class Missing(Exception):
    """The engine cannot be had on this machine; the text says why."""


def provision(folder: Path) -> None:
    """Fill `folder`; what a run before this one left unfinished is made anew.

    Raises:
        Missing: no root, no apt, no network.
    """
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise Missing("containers: the engine and its base image need root on Linux")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Missing("containers: the engine comes from Debian packages, and there is no apt here")
    folder.mkdir(parents=True, exist_ok=True)
    _unpack(folder)
    if not (folder / "base.tar").exists() or not (folder / "base.json").exists():
        _make_base(folder)


def environment(folder: Path) -> dict[str, str]:
    """The variables with which the unpacked programs run: they find one another and their libraries."""
    root = folder / "root"
    libraries = [*(root / "usr/lib").glob("*-linux-gnu*"), *(root / "lib").glob("*-linux-gnu*"), root / "usr/lib"]
    programs = [folder / "bin", *(root / part for part in ("usr/sbin", "usr/bin", "sbin", "bin"))]
    path = [*map(str, programs), *os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin"]
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "BUILDKIT_", "REGISTRY_"))
    }
    return {
        **inherited,
        "PATH": os.pathsep.join(path),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
        "DEBOOTSTRAP_DIR": str(_debootstrap_files(root)),
    }


def _debootstrap_files(root: Path) -> Path:
    own = root / "usr/share/debootstrap"
    return own if own.is_dir() else Path("/usr/share/debootstrap")


def _unpack(folder: Path) -> None:
    """Download what is not installed, unpack it, and link the programs."""
    archives, root, links = folder / "archives", folder / "root", folder / "bin"
    for each in (archives, root, links):
        shutil.rmtree(each, ignore_errors=True)
    (archives / "partial").mkdir(parents=True)
    root.mkdir()
    links.mkdir()
    command = (*_apt(archives), "install", "--yes", "--download-only", *PACKAGES)
    done = _try(*command)
    if done.returncode != 0:
        _try("apt-get", "-q", "update")
        done = _try(*command)
    if done.returncode != 0:
        raise Missing(f"containers: apt cannot get {', '.join(PACKAGES)}: {_last_line(done.stderr)}")
    for archive in sorted(archives.glob("*.deb")):
        _run("dpkg-deb", "-x", str(archive), str(root))
    shutil.rmtree(archives)
    for name in PROGRAMS:
        places = [root / part / name for part in ("usr/sbin", "usr/bin", "sbin", "bin")]
        installed = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
        found = next((place for place in places if place.exists()), Path(installed) if installed else None)
        if found is None:
            raise Missing(f"containers: none of the packages has the program `{name}`")
        (links / name).symlink_to(found)


def _apt(archives: Path) -> tuple[str, ...]:
    options = (
        f"Dir::Cache::Archives={archives}",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=root",
        "Acquire::Retries=2",
        "Acquire::http::Timeout=30",
    )
    return ("apt-get", "-q", "--no-install-recommends", *(word for option in options for word in ("-o", option)))


def _make_base(folder: Path) -> None:
    """A minimal Debian with Python, as one tar file."""
    root = folder / "base"
    shutil.rmtree(root, ignore_errors=True)
    suite, mirror = _suite(), _mirror()
    include = f"--include={','.join(IN_BASE)}"
    log = folder / "debootstrap.log"
    with log.open("wb") as handle:
        command = [str(folder / "bin/debootstrap"), "--variant=minbase", include, suite, str(root), mirror]
        done = subprocess.run(command, env=environment(folder), stdout=handle, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Missing(
            f"containers: debootstrap failed: {_last_line(log.read_text(encoding='utf-8', errors='replace'))}"
        )
    for each in USELESS:
        for below in (root / each).glob("*"):
            shutil.rmtree(below) if below.is_dir() and not below.is_symlink() else below.unlink()
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    (root / "var/lib/apt/lists/partial").mkdir(parents=True)
    version = _like_the_python_image(root)
    certificates = Path("/", BUNDLE)
    if certificates.exists():
        shutil.copyfile(certificates, root / BUNDLE)
    with tarfile.open(folder / "base.tar.part", "w") as tar:
        tar.add(root, ".", filter=lambda member: None if member.ischr() or member.isblk() else member)
    described = {"python": version, "environment": _settings()}
    (folder / "base.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    (folder / "base.tar.part").replace(folder / "base.tar")
    shutil.rmtree(root)


def _like_the_python_image(root: Path) -> str:
    """`python` and `pip` by those names and free to install, as in the `python` images; the version of Python."""
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    done = subprocess.run(["chroot", str(root), "python3", "--version"], capture_output=True, text=True, check=True)
    return ".".join(done.stdout.split()[1].split(".")[:2])


def _settings() -> dict[str, str]:
    """What the machine tells pip of its index and certificates, as variables."""
    found = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in _pip_configuration().items()}
    if "PIP_INDEX_URL" in found:
        found["UV_INDEX_URL"] = found["PIP_INDEX_URL"]
    if "PIP_EXTRA_INDEX_URL" in found:
        found["UV_EXTRA_INDEX_URL"] = found["PIP_EXTRA_INDEX_URL"]
    proxies = {
        key: value for key, value in os.environ.items() if key.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }
    return {
        **proxies,
        **found,
        "PIP_CERT": f"/{BUNDLE}",
        "SSL_CERT_FILE": f"/{BUNDLE}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def _pip_configuration() -> dict[str, str]:
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        if key in INDEX_SETTINGS:
            found[key] = value.strip("'\"")
    return found


def _suite() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', text, re.MULTILINE)
    if found is None:
        raise Missing("containers: /etc/os-release names no release of Debian or Ubuntu")
    return found[1]


def _mirror() -> str:
    """Where the machine's own apt would get a package from."""
    done = _try("apt-get", "--print-uris", "-qq", "-o", "Debug::NoLocking=1", "download", "base-files")
    found = re.search(r"'([a-z]+://\S+?)/pool/", done.stdout)
    if found is None:
        raise Missing("containers: apt names no mirror that debootstrap could use")
    return found[1]


def _try(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False
    )


def _run(*command: str) -> None:
    done = _try(*command)
    if done.returncode != 0:
        raise Missing(f"containers: {command[0]} failed: {_last_line(done.stderr)}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no reason given"


def main() -> int:
    """The command line; see the head of this file."""
    try:
        provision(Path(sys.argv[1]).absolute())
    except Missing as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
