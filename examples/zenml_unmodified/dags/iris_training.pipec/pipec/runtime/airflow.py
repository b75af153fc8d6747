"""Steps as Airflow runs them: the task starts a child on the code root, and hands references to what it stores to others.

`launch`, `choose`, `indices`, `flatten` and `close` run in Airflow's process, from this file and those beside it alone
(`runpy`): the standard library, nothing of pipec, and of Airflow what the task's context holds.
`main` is the child, `python -I CODE_ROOT airflow`. It reads the invocation document from the first line of its standard
input and watches the other end: when Airflow's process is gone, even by SIGKILL, the step ends with all its processes.
Where steps run in images an operator starts the child, in a container (`airflow_image.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

GRACE = 5.0
"""Seconds between the request to end and the end."""

Index = tuple[int, ...]
"""Which iteration of the loops around a task: the index in each, outer loop first."""


def _beside(path: str) -> types.SimpleNamespace:
    return types.SimpleNamespace(**runpy.run_path(str(pathlib.Path(__file__).parent / path)))


if TYPE_CHECKING:
    from pipec.runtime import airflow_ending, airflow_environment, airflow_inputs
    from pipec.runtime.store import layout
else:
    airflow_inputs, airflow_ending = _beside("airflow_inputs.py"), _beside("airflow_ending.py")
    airflow_environment, layout = _beside("airflow_environment.py"), _beside("store/layout.py")

flatten = airflow_inputs.flatten


def launch(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
    index: Sequence[int] | None = None,
    when: Sequence[Any] | None = None,
) -> dict[str, str]:
    """Run one attempt of a step.

    Args:
        code: the code root. Its `pipec/airflow.json` has what the DAG file need not say of the pipeline and its tasks.
        spec: the static half of the invocation. An output may be a word: its carrier, `mirrored` for an artifact that
            others also read as a value, or `unused`.
        inputs: for each slot that a task fills, the text that the task returned for the output; see `Sources`.
        params: for each slot that a run parameter fills, the parameter's name, or that and how to read it:
            `int`, `float`, or a kind of canonical JSON.
        settings: `environment`, `secrets`, `extra` and `python` of the step; `state`, the task whose result is the
            pipeline's state; `stop_on_failure`, whether the step is skipped once another one has failed. Of a step in an
            image also `container`, what runs a command in it (`airflow_image.Container`), `image`, and `code` where the
            code root must be mounted. Without a container the step is a child of this process.
        context: Airflow's context of the task.
        index: in a loop, the index of the iteration in each loop around the step.
        when: in a loop, what the gate of the condition around the step returned, and the arm that the step is in.

    Returns:
        For each output the text by which another task finds it: `{"artifact": place, "digest": …, …}`, with `value`
        where it is JSON that others may read, or the value of a small result as canonical JSON; in a loop always an
        object, with the `index`.

    Raises:
        RuntimeError: the step failed; the log says why.
        AirflowSkipException: it is in an arm that does not run, or another step has failed and that stops the run.
    """
    settings, at = settings or {}, None if index is None else tuple(index)
    if when is not None:
        airflow_inputs.Sources({"gate": when[0]}, context, {}).skip_unless(when[1])
    if settings.get("stop_on_failure") and airflow_ending.has_failed(context):
        raise airflow_inputs.skipping("another step has failed")
    about = about_pipeline(code)
    place = _place(about, context, at)
    attempt = _Attempt(code, about, context, settings, at, *place)
    sources = airflow_inputs.Sources(inputs, context, airflow_inputs.given_by(params or {}, context["params"]))
    if "container" in settings:
        return attempt.contained(attempt.document(spec, sources, pathlib.Path("/tmp/pipec")))
    with tempfile.TemporaryDirectory(prefix="pipec-") as folder:
        own = pathlib.Path(folder)
        document = attempt.document(spec, sources, own)
        python = settings.get("python") or sys.executable
        status = _run([python, "-I", str(code), "airflow"], document, airflow_environment.of_child(settings, context))
        if status != 0:
            attempt.note_failure()
            raise RuntimeError(_reason(pathlib.Path(document["error"]), context["ti"].task_id, status))
        return airflow_inputs.made(document, own)


class _Attempt:
    """One attempt of a step: where it is in the run and in the store."""

    def __init__(
        self,
        code: pathlib.Path,
        about: Mapping[str, Any],
        context: Mapping[str, Any],
        settings: Mapping[str, Any],
        at: Index | None,
        root: str,
        place: str,
    ) -> None:
        self.code, self.about, self.context, self.settings = code, about, context, settings
        self.at, self.root, self.place = at, root, place

    def document(self, spec: Mapping[str, Any], sources: airflow_inputs.Sources, own: pathlib.Path) -> dict[str, Any]:
        """The invocation of a process that keeps small results in the folder `own`."""
        about, context = self.about, self.context
        known = about["tasks"].get(context["ti"].task_id, {})
        outputs = {
            name: _output(name, output, known.get("registered", {})) for name, output in spec.get("outputs", {}).items()
        }
        cache = {"cache": known["cache"]} if "cache" in known else {}
        expanded = sources.expanded({**spec, **cache, "outputs": outputs})
        # Documents are read where they lie; a store behind a URL gets them from the step.
        kept = own if "://" in self.place else pathlib.Path(self.place)
        return {
            **_about(about, context, self.at),
            "artifact_root": self.root,
            "spec": expanded,
            "slots": sources.slots,
            "results": {
                name: _result(self.place, own, name, output)
                for name, output in outputs.items()
                if spec["outputs"][name] != "unused"
            },
            "error": str(kept / "error.json"),
            "record": str(kept / "record.json"),
            "extra": self.settings.get("extra", {}),
            **airflow_ending.state_of(self.settings, context),
            **airflow_ending.failures_of(spec, context),
        }

    def contained(self, document: dict[str, Any]) -> dict[str, str]:
        """Run a document in a container."""
        image = _beside("airflow_image.py")
        # A pod has the keys of its secrets from Kubernetes.
        is_pod = self.about.get("operator") == "kubernetes"
        document["variables"], variables = airflow_environment.of_container(
            self.settings, {} if is_pod else self.context
        )
        document["image"] = self.settings["image"]
        mounts: list[dict[str, Any]] = []
        if "://" not in self.root:
            pathlib.Path(self.root).mkdir(parents=True, exist_ok=True)
            mounts.append({"source": self.root, "target": self.root})
        if self.settings.get("code") == "mounted":
            mounts.append({"source": str(self.code), "target": image.CODE, "read_only": True})
        try:
            found: dict[str, str] = image.run(self.settings, document, variables, mounts)
        except Exception as problem:
            self.note_failure()
            step = self.context["ti"].task_id
            raise RuntimeError(f"the step `{step}` failed in its container: {problem}") from problem
        return found

    def note_failure(self) -> None:
        """Leave for the hooks of the run where the error document is."""
        self.context["ti"].xcom_push(key="error", value=f"{self.place}/error.json")


def choose(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    arms: Sequence[Sequence[str]],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> list[str]:
    """Run the gate of a condition: the ids of the tasks with which the arm that runs begins.

    The number of the arm is left as the XCom `arm`: Airflow keeps what a branch returns only if it skips nothing.
    """
    (text,) = launch(code, spec, inputs, params, settings, context).values()
    context["ti"].xcom_push(key="arm", value=text)
    return list(arms[int(text)])


def indices(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> list[int]:
    """Run the gate of a loop: the indices over which it runs. What else it makes is left as XComs."""
    found = launch(code, spec, inputs, params, settings, context)
    count = int(found.pop("count"))
    for key, text in found.items():
        context["ti"].xcom_push(key=key, value=text)
    return list(range(count))


def close(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> None:
    """What comes after all steps: a hook of the run (`spec` has `hook`), or the end of the run's record.

    Raises:
        AirflowSkipException: the hook is not for how the run has ended.
        RuntimeError: the record cannot be written.
    """
    if "hook" in spec:
        if not airflow_ending.is_due(spec["hook"]["name"], context):
            raise airflow_inputs.skipping("it is for runs that end otherwise")
        try:
            launch(code, spec, inputs, params, settings, context)
        except RuntimeError as problem:
            print(f"pipec: {problem}; that does not change the run")
        return
    about, settings = about_pipeline(code), settings or {}
    root, place = _place(about, context, None)
    document = {
        **_about(about, context, None),
        "artifact_root": root,
        "finish": airflow_ending.facts(about, spec, inputs, params or {}, context),
    }
    if "container" in settings:
        _Attempt(code, about, context, settings, None, root, place).contained(document)
        return
    python = settings.get("python") or sys.executable
    if _run([python, "-I", str(code), "airflow"], document, airflow_environment.of_child(settings, context)) != 0:
        raise RuntimeError("the record of the run cannot be written")


def about_pipeline(code: pathlib.Path) -> dict[str, Any]:
    """What `pipec/airflow.json` of the code root says: `pipeline`, its name, and `tasks` by their ids."""
    found: dict[str, Any] = json.loads((code / "pipec/airflow.json").read_text(encoding="utf-8"))
    return found


def _output(name: str, described: Any, registered: Mapping[str, Any]) -> dict[str, Any]:
    words: dict[Any, dict[str, Any]] = {
        "mirrored": {"carrier": "artifact", "mirrored": True},
        "unused": {"carrier": "artifact"},
    }
    output = words.get(described, {"carrier": described}) if isinstance(described, str) else dict(described)
    if name in registered:
        output["registered"] = registered[name]
    return output


def _about(about: Mapping[str, Any], context: Mapping[str, Any], index: Index | None) -> dict[str, Any]:
    task, run = context["ti"], context["dag_run"]
    started = run.start_date
    return {
        "version": 1,
        "pipeline": about["pipeline"],
        "step": _operation(about, context),
        "instance": _instance(about, context, index),
        "run": context["run_id"],
        "attempt": task.try_number,
        **({"start_time": started.isoformat()} if started is not None else {}),
    }


def _operation(about: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    task = context["ti"].task_id
    return str(about["tasks"].get(task, {}).get("operation", task))


def _instance(about: Mapping[str, Any], context: Mapping[str, Any], index: Index | None) -> str:
    operation = _operation(about, context)
    return operation if index is None else f"{operation}@{'.'.join(map(str, index))}"


def _place(about: Mapping[str, Any], context: Mapping[str, Any], index: Index | None) -> tuple[str, str]:
    """The store, and where this attempt keeps its results: a place for each attempt, so that a retry starts clean."""
    root = about.get("artifact_root") or os.environ.get("PIPEC_ARTIFACT_ROOT")
    if about.get("operator") == "kubernetes" and "://" not in (root or "").removeprefix("file://"):
        raise RuntimeError(
            f"a pod cannot reach the store {root or '(PIPEC_ARTIFACT_ROOT is not set)'}: it must be a URL"
        )
    if not root:
        home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
        root = os.path.join(home, "pipec")
        print(f"pipec: PIPEC_ARTIFACT_ROOT is not set; artifacts go to {root}, which other machines do not see")
    root = root.removeprefix("file://").rstrip("/")
    where = (about["pipeline"], context["run_id"], _instance(about, context, index), context["ti"].try_number)
    return root, f"{root}/{layout.attempt_folder(*where)}"


def _result(place: str, folder: pathlib.Path, name: str, output: Mapping[str, Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    if output["carrier"] == "artifact":
        result["artifact"] = f"{place}/{layout.file_name(name)}"
    if output["carrier"] == "parameter" or output.get("mirrored"):
        result["parameter"] = str(folder / airflow_inputs.file_of(name))
    return result


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

    if list(arguments) == ["image"]:
        from pipec.runtime.airflow_image import main as contained

        return contained()
    if arguments:
        print("pipec: usage: airflow [image], with the invocation on standard input", file=sys.stderr)
        return 2
    document = json.loads(_first_line())
    if "finish" in document:
        from pipec.runtime.airflow_ending import finish

        return finish(document)
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
