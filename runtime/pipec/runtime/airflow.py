"""Steps as Airflow runs them: the task starts a child on the code root, and keeps references to what the child stores.

`launch` runs in Airflow's process, from this file alone (`runpy`): the standard library, nothing of pipec, nothing of
Airflow. The child is the general adapter `run`; what a step returns reaches other tasks as JSON text in XComs.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping
from typing import Any

_SLOT = ("artifact", "digest", "json")


def launch(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, str],
    params: Mapping[str, str] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> dict[str, str]:
    """Run one attempt of a step.

    Args:
        code: the code root.
        spec: the static half of the invocation.
        inputs: for each slot that a task fills, the text that task returned for the output.
        params: for each slot that a run parameter fills, the parameter's name.
        settings: `environment` and `extra` of the step.
        context: Airflow's context of the task.

    Returns:
        For each output the text by which another task finds it.

    Raises:
        RuntimeError: the step failed; the log says why.
    """
    task, run = context["ti"], context["run_id"]
    folder = _folder(task, run)
    document = {
        "version": 1,
        "pipeline": task.dag_id,
        "step": task.task_id,
        "run": run,
        "attempt": task.try_number,
        "spec": spec,
        "slots": _slots(inputs, params, context),
        "results": {name: _result(folder, name, output) for name, output in spec["outputs"].items()},
        "error": str(folder / "error.json"),
        "record": str(folder / "record.json"),
        "extra": (settings or {}).get("extra", {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    status = _run(code, json.dumps(document), _environment((settings or {}).get("environment")))
    if status != 0:
        raise RuntimeError(_reason(folder / "error.json", task.task_id, status))
    return {name: _reference(folder, name, output) for name, output in spec["outputs"].items()}


def _folder(task: Any, run: str) -> pathlib.Path:
    """Where this attempt stores its results: one place for each attempt, so that a retry starts clean."""
    home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
    root = os.environ.get("PIPEC_ARTIFACT_ROOT") or os.path.join(home, "pipec")
    parts = [
        task.dag_id,
        run,
        task.task_id,
        *([str(task.map_index)] if task.map_index >= 0 else []),
        str(task.try_number),
    ]
    return pathlib.Path(root, "runs", *(urllib.parse.quote(part, safe=" +@=") for part in parts))


def _slots(inputs: Mapping[str, str], params: Mapping[str, str] | None, context: Mapping[str, Any]) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for slot, text in inputs.items():
        reference = json.loads(text)
        slots[slot] = {key: reference[key] for key in _SLOT if key in reference}
    for slot, name in (params or {}).items():
        slots[slot] = {"json": json.dumps(context["params"][name])}
    return slots


def _file(name: str) -> str:
    return urllib.parse.quote(name, safe=" +@=")


def _result(folder: pathlib.Path, name: str, output: Mapping[str, Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    if output["carrier"] == "artifact":
        result["artifact"] = str(folder / _file(name))
    if output["carrier"] == "parameter" or output.get("mirrored"):
        result["parameter"] = str(folder / f"{_file(name)}.json")
    return result


def _reference(folder: pathlib.Path, name: str, output: Mapping[str, Any]) -> str:
    """What the XCom of an output says: where the artifact lies and its digest, or the value as JSON text."""
    value = folder / f"{_file(name)}.json"
    if output["carrier"] == "parameter":
        return json.dumps({"json": value.read_text(encoding="utf-8")})
    place = folder / _file(name)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    reference = {"artifact": str(place), "digest": manifest["digest"]}
    if output.get("mirrored"):
        reference["value"] = value.read_text(encoding="utf-8")
    return json.dumps(reference)


def _environment(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The worker's variables and the step's own; one that names another takes its value on this worker."""
    environment = dict(os.environ)
    for name, value in (given or {}).items():
        found = os.environ.get(value["from"], value["default"]) if isinstance(value, dict) else value
        if found is not None:
            environment[name] = str(found)
    return environment


def _run(code: pathlib.Path, document: str, environment: Mapping[str, str]) -> int:
    """The exit status of the child, which is the head of a process group of its own: a time-out ends all of it."""
    child = subprocess.Popen(
        [sys.executable, "-I", str(code), "run", "-"], stdin=subprocess.PIPE, env=environment, start_new_session=True
    )
    try:
        child.communicate(document.encode())
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    return child.returncode


def _reason(file: pathlib.Path, step: str, status: int) -> str:
    try:
        error = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"the step `{step}` {ended}"
    return f"the step `{step}` failed: {error['type']}: {error['message']}"
