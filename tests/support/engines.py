"""The real engines, as the tests use them: each judges or runs many generated files in one call.

An engine lives in an environment of its own, made by `tools/environments.py`. Its driver (tests/engines) runs there and talks JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
DRIVERS: Final = ROOT / "tests/engines"
CACHE: Final = ROOT / ".cache"
NAMES: Final = ("airflow", "kubeflow", "argo", "argo3", "containers", "browser", "docs")


class EngineMissing(Exception):
    """The engine is not on this machine; the text says which one and what would make it."""


class DriverFailed(Exception):
    """A driver ended without an answer, which is a fault of the driver or of its environment, not of what was judged."""


def locate(name: str) -> Path:
    """The interpreter (airflow, kubeflow), the program (argo, argo3) or the folder (containers) of an engine.

    Raises:
        EngineMissing: it has not been made, or cannot be.
    """
    command = [sys.executable, str(ROOT / "tools/environments.py"), "locate", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineMissing(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{name}: not found")
    return Path(done.stdout.strip())


@dataclass(frozen=True, slots=True)
class DagVerdict:
    """What Airflow says of a DAG file or folder.

    Attributes:
        tasks: the task ids of each DAG, in Airflow's order.
        serialized: for each DAG a digest that changes when Airflow would make a new version of it.
    """

    path: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    tasks: Mapping[str, tuple[str, ...]]
    serialized: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DagCase:
    """A DAG to run.

    Attributes:
        dags_folder: the folder that holds its file, and as little else as possible.
        conf: the run's parameters.
        home: becomes `AIRFLOW_HOME`; without it a folder that is gone afterwards.
        timeout: seconds.
    """

    dags_folder: Path
    dag_id: str
    conf: Mapping[str, Any] | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    home: Path | None = None
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class DagRun:
    """What `dag.test()` did.

    Attributes:
        state: `success`, `failed`; None where there was no run.
        error: why there was none, such as parameters that do not fit the schema.
        states: by task id, or by `(task id, index)` for a mapped task.
        xcoms: likewise, the `return_value` of each task that has one.
        all_xcoms: by `(task id, index, key)`; the index is -1 for a task that is not mapped.
        log: the end of what the run printed.
    """

    state: str | None
    error: str | None
    states: Mapping[str | tuple[str, int], str | None]
    xcoms: Mapping[str | tuple[str, int], Any]
    all_xcoms: Mapping[tuple[str, int, str], Any]
    tries: Mapping[str | tuple[str, int], int]
    log: str


@dataclass(frozen=True, slots=True)
class Airflow:
    """Airflow in its own environment."""

    python: Path

    def check(self, paths: Sequence[Path], hash_seed: str = "0") -> list[DagVerdict]:
        """Import files (or whole DAG folders) with DagBag and serialise their DAGs. No database is used."""
        request = {"paths": [str(path) for path in paths]}
        answer = _drive(self.python, "airflow/dagcheck.py", request, PYTHONHASHSEED=hash_seed)
        return [
            DagVerdict(
                path=each["path"],
                errors=tuple(each["errors"]),
                warnings=tuple(each["warnings"]),
                tasks={dag_id: tuple(dag["tasks"]) for dag_id, dag in each["dags"].items()},
                serialized={dag_id: dag["serialized"] for dag_id, dag in each["dags"].items()},
            )
            for each in answer
        ]

    def pods(self, path: Path, **environment: str) -> dict[str, dict[str, Any]]:
        """The pod of each task of a DAG file, as KubernetesPodOperator builds it, and the invocation in it."""
        answer = _drive(self.python, "airflow/podbuild.py", {"path": str(path)}, **environment)
        return {each["task_id"]: {name: each[name] for name in ("pod", "document")} for each in answer}

    def run(self, cases: Sequence[DagCase]) -> list[DagRun]:
        """Run each case with `dag.test()`: ten seconds once, then one and a little for each case."""
        request = {
            "database": str(CACHE / "airflow" / f"{_digest_name(self.python)}.db"),
            "cases": [
                {
                    "dags_folder": str(case.dags_folder),
                    "dag_id": case.dag_id,
                    "conf": dict(case.conf) if case.conf is not None else None,
                    "environment": dict(case.environment),
                    "home": str(case.home) if case.home else None,
                    "timeout": case.timeout,
                }
                for case in cases
            ],
        }
        return [_dag_run(each) for each in _drive(self.python, "airflow/dagrun.py", request)]


@dataclass(frozen=True, slots=True)
class SpecVerdict:
    """What the strict parses and the loader of Kubeflow say of a spec."""

    path: str
    errors: tuple[str, ...]
    name: str | None
    components: tuple[str, ...]
    executors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecCase:
    """A spec to run with `kfp.local`.

    Attributes:
        home: the working folder and pipeline root; without it a folder that is gone afterwards.
        timeout: seconds.
        mended: whether the runner may put out one of several artifacts, as the backend does; see `specrun.mend`.
    """

    spec: Path
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    home: Path | None = None
    timeout: float = 300.0
    caching: bool = False
    mended: bool = True


@dataclass(frozen=True, slots=True)
class SpecTask:
    """One attempt of one task. `state` is `success`, `failed`, or `error` where the runner itself raised."""

    component: str
    state: str
    arguments: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpecRun:
    """What `kfp.local` did.

    Attributes:
        state: `success`, `failed`; None where nothing could be run.
        outputs: of the root. An artifact is `{"uri", "metadata", "type"}`.
        tasks: every attempt, in order of execution.
        log: the end of what the run printed.
    """

    state: str | None
    error: str | None
    outputs: Mapping[str, Any]
    tasks: tuple[SpecTask, ...]
    log: str


@dataclass(frozen=True, slots=True)
class Kubeflow:
    """The SDK of Kubeflow Pipelines in its own environment."""

    python: Path

    def check(self, paths: Sequence[Path]) -> list[SpecVerdict]:
        """Parse each file strictly by its protocol buffers and load it with the SDK."""
        answer = _drive(self.python, "kubeflow/speccheck.py", {"paths": [str(path) for path in paths]})
        return [
            SpecVerdict(
                path=each["path"],
                errors=tuple(each["errors"]),
                name=each["name"],
                components=tuple(each["components"]),
                executors=tuple(each["executors"]),
            )
            for each in answer
        ]

    def run(self, cases: Sequence[SpecCase]) -> list[SpecRun]:
        """Run each case with the subprocess runner: one second once, then what the steps take."""
        request = {
            "cases": [
                {
                    "spec": str(case.spec),
                    "arguments": dict(case.arguments),
                    "environment": dict(case.environment),
                    "home": str(case.home) if case.home else None,
                    "timeout": case.timeout,
                    "caching": case.caching,
                    "mended": case.mended,
                }
                for case in cases
            ]
        }
        return [
            SpecRun(
                state=each["state"],
                error=each["error"],
                outputs=each["outputs"],
                tasks=tuple(SpecTask(**task) for task in each["tasks"]),
                log=each["log"],
            )
            for each in _drive(self.python, "kubeflow/specrun.py", request)
        ]


@dataclass(frozen=True, slots=True)
class ManifestVerdict:
    """What Argo's validation says of one document of a file; `document` counts from 1."""

    file: str
    document: int
    kind: str
    name: str
    is_skipped: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Argo:
    """Argo's own strict decoding and validation, of one release line."""

    program: Path

    def lint(self, files: Sequence[Path]) -> list[ManifestVerdict]:
        """Judge every document of the files; references resolve among these files only."""
        done = subprocess.run([self.program, *map(str, files)], capture_output=True, text=True, check=False)
        if done.returncode not in {0, 1}:
            raise DriverFailed(f"{self.program.name} ended with {done.returncode}:\n{done.stderr}")
        return [
            ManifestVerdict(
                file=each["file"],
                document=each["document"],
                kind=each.get("kind", ""),
                name=each.get("name", ""),
                is_skipped=each.get("skipped", False),
                errors=tuple(each["errors"]),
            )
            for each in json.loads(done.stdout)["results"]
        ]


def _drive(python: Path, driver: str, request: Mapping[str, Any], **environment: str) -> list[Any]:
    """Run a driver in its engine's environment; the answer's results."""
    # What the tests' own environment says of paths and interpreters must not reach the engine.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AIRFLOW"))}
    with tempfile.TemporaryDirectory(prefix="pipec-driver-") as folder:
        asked, answered = Path(folder, "request.json"), Path(folder, "response.json")
        asked.write_text(json.dumps(request), encoding="utf-8")
        command = [str(python), str(DRIVERS / driver), str(asked), str(answered)]
        done = subprocess.run(command, capture_output=True, text=True, env={**inherited, **environment}, check=False)
        if done.returncode != 0 or not answered.exists():
            raise DriverFailed(f"{driver} ended with {done.returncode}:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}")
        results: list[Any] = json.loads(answered.read_text(encoding="utf-8"))["results"]
        return results


def _dag_run(entry: Mapping[str, Any]) -> DagRun:
    def place(each: Mapping[str, Any]) -> str | tuple[str, int]:
        return each["task_id"] if each["map_index"] < 0 else (each["task_id"], each["map_index"])

    return DagRun(
        state=entry["state"],
        error=entry["error"],
        states={place(each): each["state"] for each in entry["tasks"]},
        tries={place(each): each["tries"] for each in entry["tasks"]},
        xcoms={place(each): each["value"] for each in entry["xcoms"] if each["key"] == "return_value"},
        all_xcoms={(each["task_id"], each["map_index"], each["key"]): each["value"] for each in entry["xcoms"]},
        log=entry["log"],
    )


def _digest_name(python: Path) -> str:
    """A name for what is derived from an environment: its lock's digest, or for one made by hand its folder."""
    stamp = python.parent.parent / "pipec.digest"
    return stamp.read_text(encoding="utf-8").strip()[:16] if stamp.is_file() else python.parent.parent.name


@dataclass(frozen=True, slots=True)
class Browser:
    """A headless Chromium."""

    python: Path

    def run(
        self, page: Path, steps: Sequence[Sequence[Any]], *, size: tuple[int, int] = (1400, 900), scheme: str = "light"
    ) -> list[Any]:
        """Opens a page, offline, and carries out steps; see `tests/engines/browser/drive.py` for what there is.

        Returns:
            What each `eval` gave; last of all what the page wrote to its console, and what it asked the network for.
        """
        asked = {"page": str(page), "steps": steps, "size": size, "scheme": scheme}
        command = [str(self.python), str(DRIVERS / "browser/drive.py")]
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode != 0:
            raise DriverFailed(f"browser: {done.stderr[-3000:]}")
        answer: list[Any] = json.loads(done.stdout)
        return answer
