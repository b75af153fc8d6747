"""What all tests share: the real engines, the command line in a process of its own, expected files."""

from __future__ import annotations

import contextlib
import difflib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

from containers import Containers, running
from engines import Airflow, Argo, Browser, EngineMissing, Kubeflow, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = ("compiler", "backends", "templates", "runtime")
IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A shared machine is slow at times, and a run that found a fault must find it again; `make soak` looks for new ones.
settings.register_profile("test", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the expected files instead of comparing with them")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--bless") and IS_CI:
        raise pytest.UsageError("--bless is refused under CI=true")
    settings.load_profile("soak" if config.getoption("-m") == "soak" else "test")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by fixture: `golden` for `make bless`; what uses an engine, so that one worker has all of it and its session fixtures run once."""
    for item in items:
        names: set[str] = set(getattr(item, "fixturenames", ()))
        if "golden" in names:
            item.add_marker(pytest.mark.golden)
        for engine in ("airflow", "kubeflow", "argo", "argo3", "containers", "browser"):
            if engine in names:
                item.add_marker(pytest.mark.engine)
                item.add_marker(pytest.mark.xdist_group(engine))
                break


@pytest.fixture(scope="session")
def require_engine() -> Callable[[str], Path]:
    """`require_engine("airflow")`: its interpreter, or its program. Where it is missing the test skips; under `CI=true` it fails."""
    known: dict[str, Path | EngineMissing] = {}

    def require(name: str) -> Path:
        if name not in known:
            try:
                known[name] = locate(name)
            except EngineMissing as missing:
                known[name] = missing
        found = known[name]
        if isinstance(found, Path):
            return found
        if IS_CI:
            pytest.fail(f"required under CI=true: {found}")
        pytest.skip(str(found))

    return require


@pytest.fixture(scope="session")
def airflow(require_engine: Callable[[str], Path]) -> Airflow:
    """Airflow 3: `check` imports DAG files, `run` runs them."""
    return Airflow(require_engine("airflow"))


@pytest.fixture(scope="session")
def kubeflow(require_engine: Callable[[str], Path]) -> Kubeflow:
    """Kubeflow Pipelines: `check` parses specs strictly, `run` runs them with `kfp.local`."""
    return Kubeflow(require_engine("kubeflow"))


@pytest.fixture(scope="session")
def argo(require_engine: Callable[[str], Path]) -> Argo:
    """The validation of Argo Workflows 4."""
    return Argo(require_engine("argo"))


@pytest.fixture(scope="session")
def argo3(require_engine: Callable[[str], Path]) -> Argo:
    """The validation of Argo Workflows 3.7."""
    return Argo(require_engine("argo3"))


@pytest.fixture(scope="session")
def browser(require_engine: Callable[[str], Path]) -> Browser:
    """A headless Chromium."""
    return Browser(require_engine("browser"))


@pytest.fixture(scope="session")
def containers(require_engine: Callable[[str], Path]) -> Iterator[Containers]:
    """A container engine with registries and a base image, for this session alone; see tests/support/containers.py."""
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(running(require_engine("containers")))
        except EngineMissing as missing:
            if IS_CI:
                pytest.fail(f"required under CI=true: {missing}")
            pytest.skip(str(missing))
        yield engine


class RunPipec(Protocol):
    """How the fixture `pipec` is called."""

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def pipec() -> RunPipec:
    """Run the command line in a process of its own: `pipec("compile", "--target", "argo", cwd=folder)`; `env` is added to the inherited one."""

    def run(
        *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **_import_path(), "NO_COLOR": "1", **(env or {})}
        command = [sys.executable, "-m", "pipec", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


def _import_path() -> dict[str, str]:
    """Where pipec is not installed, as in a work tree that shares an environment, a child needs the source roots on its path."""
    try:
        importlib.metadata.distribution("pipec")
    except importlib.metadata.PackageNotFoundError:
        return {"PYTHONPATH": os.pathsep.join(str(ROOT / root) for root in SOURCE_ROOTS)}
    return {}


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: the text must be that of the expected file; `--bless` rewrites the file instead."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--bless"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        if not path.exists():
            pytest.fail(f"no expected file {path.relative_to(ROOT)}; write it with `make bless`")
        # Bytes, because a text file would hide its line ends.
        expected = path.read_bytes().decode()
        if text != expected:
            lines = difflib.unified_diff(
                expected.splitlines(keepends=True),
                text.splitlines(keepends=True),
                path.relative_to(ROOT).as_posix(),
                "now",
            )
            pytest.fail("".join(lines) or "only line ends differ", pytrace=False)

    return compare
