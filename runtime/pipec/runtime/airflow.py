"""Steps as Airflow runs them: the task starts a child on the code root, and hands references to what it stores to others.

`launch` runs in Airflow's process, from this file alone (`runpy`): the standard library, nothing of pipec or Airflow.
`main` is the child, `python -I CODE_ROOT airflow`. It reads the invocation document from the first line of its standard
input and watches the other end: when Airflow's process is gone, even by SIGKILL, the step ends with all its processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

GRACE = 5.0
"""Seconds between the request to end and the end."""


def launch(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, str],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> dict[str, str]:
    """Run one attempt of a step.

    Args:
        code: the code root.
        spec: the static half of the invocation. An output may be a word: its carrier, or `mirrored` for an artifact
            that others also read as a value.
        inputs: for each slot that a task fills, the text that the task returned for the output.
        params: for each slot that a run parameter fills, the parameter's name, or that and how to read it:
            `int`, `float`, or a kind of canonical JSON.
        settings: `environment`, `secrets`, `extra` and `python` of the step.
        context: Airflow's context of the task.

    Returns:
        For each output the text by which another task finds it: `{"artifact": place, "digest": …, …}`, with `value`
        where it is JSON that others may read, or the value of a small result as canonical JSON.

    Raises:
        RuntimeError: the step failed; the log says why.
    """
    settings = settings or {}
    outputs = {name: _output(output) for name, output in spec.get("outputs", {}).items()}
    place = _place(context)
    with tempfile.TemporaryDirectory(prefix="pipec-") as folder:
        own = pathlib.Path(folder)
        # Documents are read where they lie; a store behind a URL has only the artifacts.
        kept = own if "://" in place else pathlib.Path(place)
        document = {
            **_about(context),
            "spec": {**spec, "outputs": outputs},
            "slots": _slots(inputs, params or {}, context["params"]),
            "results": {name: _result(place, own, name, output) for name, output in outputs.items()},
            "error": str(kept / "error.json"),
            "record": str(kept / "record.json"),
            "extra": settings.get("extra", {}),
        }
        python = settings.get("python") or sys.executable
        status = _run([python, "-I", str(code), "airflow"], document, _environment(settings, context))
        if status != 0:
            raise RuntimeError(_reason(kept / "error.json", context["ti"].task_id, status))
        stored = json.loads((kept / "record.json").read_text(encoding="utf-8"))["outputs"]
        return {_key(name): _reference(own, stored, name, output) for name, output in outputs.items()}


def _key(output: str) -> str:
    """The XCom key of an output: its name, with what cannot stand in the path of Airflow's own API spelled out."""
    return "".join(
        each if each.isascii() and (each.isalnum() or each in "_.-") else f"_u{ord(each):x}_" for each in output
    )


def _output(described: Any) -> dict[str, Any]:
    if not isinstance(described, str):
        return dict(described)
    return {"carrier": "artifact", "mirrored": True} if described == "mirrored" else {"carrier": described}


def _about(context: Mapping[str, Any]) -> dict[str, Any]:
    task, run = context["ti"], context["dag_run"]
    started = run.start_date
    return {
        "version": 1,
        "pipeline": task.dag_id,
        "step": task.task_id,
        "run": context["run_id"],
        "attempt": task.try_number,
        **({"start_time": started.isoformat()} if started is not None else {}),
    }


def _place(context: Mapping[str, Any]) -> str:
    """Where this attempt stores its results: one place for each attempt, so that a retry starts clean."""
    task = context["ti"]
    root = os.environ.get("PIPEC_ARTIFACT_ROOT")
    if not root:
        home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
        root = os.path.join(home, "pipec")
        print(f"pipec: PIPEC_ARTIFACT_ROOT is not set; artifacts go to {root}, which other machines do not see")
    index = [str(task.map_index)] if task.map_index >= 0 else []
    parts = [task.dag_id, context["run_id"], task.task_id, *index, str(task.try_number)]
    return "/".join([root.removeprefix("file://").rstrip("/"), "runs", *map(_file, parts)])


def _file(name: str) -> str:
    """A file name that reads like `name`; never `.` or `..`."""
    quoted = urllib.parse.quote(name, safe=" +@=:")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def _slots(inputs: Mapping[str, str], params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for slot, text in inputs.items():
        reference = json.loads(text)
        if isinstance(reference, dict) and "artifact" in reference:
            slots[slot] = {key: reference[key] for key in ("artifact", "digest")}
        else:
            slots[slot] = {"json": text}
    for slot, source in params.items():
        name, reading = (source, None) if isinstance(source, str) else source
        slots[slot] = {"json": json.dumps(_read(given[name], reading))}
    return slots


def _read(value: Any, reading: str | None) -> Any:
    if value is None or reading is None:
        return value
    # JSON Schema takes 2.0 for an integer and 2 for a number.
    if reading == "int":
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if reading == "float":
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return {"$pipec": [reading, value]}


def _result(place: str, folder: pathlib.Path, name: str, output: Mapping[str, Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    if output["carrier"] == "artifact":
        result["artifact"] = f"{place}/{_file(name)}"
    if output["carrier"] == "parameter" or output.get("mirrored"):
        result["parameter"] = str(folder / _file(name))
    return result


def _reference(folder: pathlib.Path, stored: Mapping[str, Any], name: str, output: Mapping[str, Any]) -> str:
    file = folder / _file(name)
    if output["carrier"] == "parameter":
        return file.read_text(encoding="utf-8")
    about = stored[name]
    reference = {"artifact": about["place"], **{key: about[key] for key in ("digest", "type", "size")}}
    if output.get("mirrored"):
        reference["value"] = file.read_text(encoding="utf-8")
    return json.dumps(reference)


def _environment(settings: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    """The worker's variables, the keys of the secrets, and the step's own; the later wins.

    Raises:
        RuntimeError: a secret is not an Airflow Variable that holds a JSON object.
    """
    environment = dict(os.environ)
    for name in settings.get("secrets", ()):
        try:
            keys = context["var"]["json"].get(name)
        except Exception as problem:
            raise RuntimeError(f"the secret `{name}` must be an Airflow Variable that holds a JSON object") from problem
        if not isinstance(keys, dict):
            raise RuntimeError(f"the Airflow Variable `{name}` must hold a JSON object")
        environment.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()})
    for name, value in settings.get("environment", {}).items():
        found = os.environ.get(value["from"], value.get("default")) if isinstance(value, dict) else value
        if found is not None:
            environment[name] = str(found)
    return environment


def _run(command: Sequence[str], document: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """The exit status of the child, which is the head of a process group of its own: a time-out ends all of it."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)
    assert child.stdin is not None
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(document).encode() + b"\n")
            child.stdin.flush()
        return child.wait()
    finally:
        if child.poll() is None:
            _end(child)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _reason(file: pathlib.Path, step: str, status: int) -> str:
    try:
        error = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"the step `{step}` {ended}"
    return f"the step `{step}` failed: {error['type']}: {error['message']}"


def main(arguments: Sequence[str]) -> int:
    """Run the step whose invocation document is the first line of standard input; the status is that of `execute`."""
    from pipec.runtime.execute import execute

    if arguments:
        print("pipec: usage: airflow, with the invocation on standard input", file=sys.stderr)
        return 2
    document = json.loads(_first_line())
    # The user's code finds an empty input; the pipe itself is this module's.
    pipe, empty = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()
    return execute(document)


def _first_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and (part := os.read(0, 1 << 16)):
        line += part
    return bytes(line)


def _watch(pipe: int) -> None:
    """Ends this process and what it has started once nobody holds the other end of the pipe."""
    while os.read(pipe, 1):
        pass
    os.killpg(0, signal.SIGKILL)
