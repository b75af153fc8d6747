"""The adapter for Kubeflow Pipelines: its executor input becomes an invocation document, results its executor output.

    python -I CODE_ROOT kubeflow EXECUTOR_INPUT CALL

`EXECUTOR_INPUT` is what the launcher puts in the place of `{{$}}`. `CALL` is what the compiler knows about the step:

    {"pipeline": …, "step": …, "spec": {…}, "parameters": {slot: reading}, "inputs": {slot: key},
     "outputs": {name: key}, "mirrors": {name: key}, "collected": [slot], "loops": [key], "control": [key], "native": {key: blank},
     "environment": {…}, "secrets": […], "requirements": […], "retry": {…}, "state": key, "key": text}

or, for the hooks of the run, `{"hooks": [spec], "status": key, "operations": [id], …}` without `step`: those before the
steps, or with `status`, Kubeflow's word on how they ended, those after. `key` is there for Kubeflow's cache alone.

Results that are parameters travel between steps as canonical JSON text, since every number of Kubeflow is a double.
Run parameters have Kubeflow's types, and so has what a condition or an iterator reads (`native`); `reading` makes ints
of doubles again. A `collected` slot holds what the iterations of a loop gave, in order. `loops` names the inputs that
hold the index in each loop around the step, `control` those that are for conditions and loops only.

Kubeflow cannot collect the results of a loop over nothing. So such a loop has one iteration, with the index -1: in this
**blank** iteration no step does anything, its results are blank, and whoever collects them gets an empty list.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from pipec.runtime.artifacts import MANIFEST, Workspace, copy
from pipec.runtime.errors import RuntimeFault
from pipec.runtime.execute import run_invocation
from pipec.runtime.kubeflow_slots import BLANK, RUN, STARTED, Misfit, gathered, local_path, slots_of

SECRETS = pathlib.Path("/pipec/secrets")
UNPACKED = "pipec-code-"
"""How the folder starts into which the inline program unpacks the code root."""

INVALID, MISFIT = 2, 3

_KEPT = "pipec.runtime.gates:value"
"""The gate that gives a value on."""

_BAD_STATES = frozenset({"FAILED", "CANCELED", "CANCELLED"})

BLANK_INDEX = -1


def main(arguments: Sequence[str]) -> int:
    """Run one step; the exit status is that of `pipec.runtime.execute`."""
    _remove_unpacked()
    if len(arguments) < 2:
        print("pipec: usage: kubeflow EXECUTOR_INPUT CALL", file=sys.stderr)
        return INVALID
    try:
        executor_input, call = json.loads(arguments[0]), json.loads(arguments[1])
    except ValueError as problem:
        print(f"pipec: the executor input is not JSON: {problem}", file=sys.stderr)
        return INVALID
    outputs = executor_input.get("outputs", {})
    indices = _indices(executor_input.get("inputs", {}), call)
    if BLANK_INDEX in indices:
        print("pipec: nothing to do: the loop has no items", file=sys.stderr)
        _write_blank(outputs, call)
        return 0
    os.environ.update(call.get("environment", {}))
    _export_secrets(call.get("secrets", []))
    if not _install(call.get("requirements", [])):
        return INVALID
    inputs = executor_input.get("inputs", {})
    facts = _facts(inputs, outputs, call)
    if "hooks" in call:
        return _run_hooks(call, inputs.get("parameterValues", {}), outputs, facts)
    try:
        slots = dict(slots_of(inputs, call))
    except Misfit as problem:
        print(f"pipec: {problem}", file=sys.stderr)
        return MISFIT
    spec, slots = gathered(call["spec"], slots)
    if "retry" in call:
        facts["retry"] = call["retry"]
    if indices:
        facts["instance"] = f"{call['step']}@{'.'.join(map(str, indices))}"
    with tempfile.TemporaryDirectory(prefix="pipec-results-") as folder:
        return _run({**call, "spec": spec}, slots, outputs, pathlib.Path(folder), facts)


def _facts(inputs: Mapping[str, Any], outputs: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    """What the invocation says of the run and the attempt."""
    values = inputs.get("parameterValues", {})
    facts: dict[str, Any] = {"pipeline": call["pipeline"], "run": values.get(RUN) or _run_id(outputs)}
    if STARTED in values:
        facts["start_time"] = values[STARTED]
    if (retry := os.environ.get("KFP_RETRY_INDEX", "")).isdigit():
        facts["attempt"] = int(retry) + 1
    if "state" in call:
        facts["state"] = {"artifact": local_path(inputs["artifacts"][call["state"]]["artifacts"][0])}
    return facts


def _run_hooks(
    call: Mapping[str, Any], values: Mapping[str, Any], outputs: Mapping[str, Any], facts: Mapping[str, Any]
) -> int:
    """Call the hooks of the run, in order; one before the steps that fails is the last, and fails the task."""
    state = values[call["status"]].get("state") if "status" in call else None
    is_bad = state in _BAD_STATES
    skipped = {"on_success"} if is_bad else {"on_failure"}
    failures = _failures(call, facts["run"]) if is_bad else []
    for spec in call["hooks"]:
        name = spec["hook"]["name"]
        if state is not None and name in skipped:
            continue
        artifacts = outputs.get("artifacts", {})
        results = {output: {"artifact": local_path(artifacts[output]["artifacts"][0])} for output in spec["outputs"]}
        step = f"hook.{name}"
        status = run_invocation(spec, step=step, slots={}, results=results, failures=failures, **facts)
        if status != 0:
            return status
    _write_document(outputs, {})
    return 0


def _failures(call: Mapping[str, Any], run: str) -> list[Any]:
    """The error documents of the run, in order of definition; they lie in the store, if there is one."""
    found: dict[str, Any] = {}
    if root := os.environ.get("PIPEC_ARTIFACT_ROOT"):
        from pipec.runtime.store import Store

        # The last attempt of each counts.
        found = {each.instance: each.error for each in Store(root).runs.attempts(call["pipeline"], run)}
    order = {operation: index for index, operation in enumerate(call["operations"])}
    failed = [(instance, error) for instance, error in found.items() if error is not None]
    failed.sort(key=lambda each: order.get(each[0].partition("@")[0], len(order)))
    unknown = {"step": "?", "type": "unknown", "message": "the step left no error document", "traceback": ""}
    return [error for _, error in failed] or [unknown]


def _indices(inputs: Mapping[str, Any], call: Mapping[str, Any]) -> list[int]:
    """Which iteration this is of each loop around the step, outermost first."""
    values = inputs.get("parameterValues", {})
    return [int(values[key]) for key in call.get("loops", [])]


def _write_blank(outputs: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    native = call.get("native", {})
    for content in outputs.get("artifacts", {}).values():
        folder = pathlib.Path(local_path(content["artifacts"][0]))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / BLANK).write_text("", encoding="utf-8")
    values = {key: native.get(key, BLANK) for key in outputs.get("parameters", {})}
    _write_document(outputs, values)


def _run(
    call: Mapping[str, Any],
    slots: Mapping[str, Any],
    outputs: Mapping[str, Any],
    folder: pathlib.Path,
    facts: Mapping[str, Any],
) -> int:
    results, written = _results(call, outputs, folder)
    if call["spec"]["function"] == _KEPT and "artifact" in slots.get("value", {}) and not written:
        return _copy(slots["value"]["artifact"], results["output"]["artifact"], outputs)
    status = run_invocation(call["spec"], step=call["step"], slots=slots, results=results, **facts)
    if status == 0:
        texts = {key: path.read_text(encoding="utf-8") for key, path in written.items()}
        native = call.get("native", {})
        _write_document(
            outputs, {key: _native(text, native[key]) if key in native else text for key, text in texts.items()}
        )
    return status


def _copy(source: str, target: str, outputs: Mapping[str, Any]) -> int:
    """Give an artifact on as it is: what it holds need not be known here."""
    workspace = Workspace()
    try:
        copy(source, target, workspace)
    except RuntimeFault as fault:
        print(f"pipec: {fault}", file=sys.stderr)
        return fault.status
    finally:
        workspace.close()
    _write_document(outputs, {})
    return 0


def _native(text: str, blank: Any) -> Any:
    """What a condition or an iterator reads: as Kubeflow has it. A loop has one iteration at least."""
    value = json.loads(text)
    return blank if value == [] else value


def _results(
    call: Mapping[str, Any], outputs: Mapping[str, Any], folder: pathlib.Path
) -> tuple[dict[str, dict[str, str]], dict[str, pathlib.Path]]:
    """The `results` of the document, and the file in which each output parameter will be."""
    keys, mirrors = call.get("outputs", {}), call.get("mirrors", {})
    results: dict[str, dict[str, str]] = {}
    written: dict[str, pathlib.Path] = {}
    for name, output in call["spec"].get("outputs", {}).items():
        result = results[name] = {}
        key = keys.get(name, name)
        if output["carrier"] == "artifact":
            result["artifact"] = local_path(outputs["artifacts"][key]["artifacts"][0])
            key = mirrors.get(name)
        if key is not None:
            written[key] = folder / f"{len(written)}.json"
            result["parameter"] = str(written[key])
    return results, written


def _write_document(outputs: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """The executor output. The launcher reads it strictly: no other keys."""
    document: dict[str, Any] = {}
    if values:
        document["parameterValues"] = dict(values)
    artifacts = {key: content["artifacts"][0] for key, content in outputs.get("artifacts", {}).items()}
    if artifacts:
        document["artifacts"] = {
            key: {"artifacts": [{"name": each["name"], "uri": each["uri"], "metadata": _metadata(each)}]}
            for key, each in artifacts.items()
        }
    file = pathlib.Path(outputs["outputFile"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document), encoding="utf-8")


def _metadata(artifact: Mapping[str, Any]) -> dict[str, Any]:
    folder = pathlib.Path(local_path(artifact))
    if (folder / BLANK).is_file():
        return {}
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return {name: manifest[name] for name in ("materializer", "type", "digest", "size")}


def _run_id(outputs: Mapping[str, Any]) -> str:
    """The run's part of an artifact's place `…/<pipeline>/<run>/<task>/…`; its digits do not matter, only its sameness."""
    for content in outputs.get("artifacts", {}).values():
        parts = str(content["artifacts"][0]["uri"]).split("/")
        found = [part for part in parts if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", part)]
        if found:
            return found[0]
    return pathlib.Path(outputs.get("outputFile", "run/task/file")).parent.parent.name or "run"


def _export_secrets(names: Sequence[str]) -> None:
    """Each key of each mounted secret as an environment variable."""
    for name in names:
        folder = SECRETS / name
        if not folder.is_dir():
            # Kubernetes starts no pod without its secret: only a local runner comes here.
            print(f"pipec: secret `{name}` is not mounted here; its variables must be set already", file=sys.stderr)
            continue
        for file in folder.iterdir():
            if file.is_file() and not file.name.startswith(".."):
                os.environ[file.name] = file.read_text(encoding="utf-8")


def _install(requirements: Sequence[str]) -> bool:
    """Install what is missing with pip, before any of the user's code is imported. Whether that went well."""
    missing = [each for each in requirements if not _is_installed(each)]
    if not missing:
        return True
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *missing]
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        print(f"pipec: {' '.join(missing)} cannot be installed; build an image that has them", file=sys.stderr)
    return status == 0


def _is_installed(requirement: str) -> bool:
    """Whether a requirement is met: by name, or with one lower bound; what else a specifier may say only pip knows."""
    match = re.fullmatch(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:>=\s*([0-9]+(?:\.[0-9]+)*))?\s*", requirement)
    if match is None:
        return False
    try:
        version = importlib.metadata.version(match[1])
    except importlib.metadata.PackageNotFoundError:
        return False
    found = re.match(r"[0-9]+(?:\.[0-9]+)*(?=$|\+|\.post)", version)
    return match[2] is None or (found is not None and _numbers(found[0]) >= _numbers(match[2]))


def _numbers(version: str) -> list[int]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def _remove_unpacked() -> None:
    """The inline program made the code root for this process alone."""
    root = pathlib.Path(__file__).resolve().parents[2]
    if root.name.startswith(UNPACKED):
        atexit.register(shutil.rmtree, root, ignore_errors=True)
