"""Run Kubeflow specs with `kfp.local`, many in one process. Runs in Kubeflow's environment.

    python specrun.py REQUEST.json RESPONSE.json

The request is `{"cases": [{"spec": FILE, "arguments"?, "environment"?, "home"?, "timeout"?, "caching"?, "mended"?}, …]}`: `home` becomes the case's
working folder and pipeline root (else a folder that is removed afterwards); `timeout` is in seconds; `mended` says whether a known fault of the
runner is mended first (`mend`). The response has one entry a case, in that order:
`{"state": "success" | "failed" | null, "error", "outputs", "tasks": [{"component", "state", "arguments", "outputs"}], "log"}`. An artifact is
`{"uri", "metadata", "type"}`. `tasks` are in order of execution, one entry for each attempt. `state` is null where nothing could be run.

Subprocess runner without a venv for each task: steps run with this interpreter. Each case runs in a forked child, because `kfp.local` keeps its
configuration in globals and runs steps in the caller's folder. `kfp.local` deletes a `workspace_root` after each run, so none is ever given.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from kfp import components, dsl, local
from kfp.local import status, task_dispatcher
from kfp.local.orchestrator import orchestrator_utils

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from apart import COLOUR, run_apart

TIMEOUT = 300.0


def run(case: dict[str, Any], home: Path) -> dict[str, Any]:
    """Run one spec in this process. A failed run raises in `kfp.local`; its message goes into the entry."""
    tasks: list[dict[str, Any]] = []
    record_tasks(tasks)
    if case.get("mended", True):
        mend()
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(home / "root"),
        raise_on_error=True,
        enable_caching=bool(case.get("caching", False)),
    )
    try:
        component = components.load_component_from_file(case["spec"])
    except Exception as error:
        return {**nothing(), "error": text(error)}
    try:
        outputs = plain(component(**case.get("arguments", {})).outputs)
    except Exception as error:
        return {
            "state": "failed" if tasks else None,
            "error": text(error),
            "outputs": {},
            "tasks": tasks,
        }
    return {"state": "success", "error": None, "outputs": outputs, "tasks": tasks}


def record_tasks(tasks: list[dict[str, Any]]) -> None:
    """Note every task that is executed: `kfp.local` itself returns only the outputs of the root."""
    original = task_dispatcher.run_single_task_implementation

    def recording(**options: Any) -> tuple[dict[str, Any], Any]:
        entry = {
            "component": options["component_name"],
            "state": "error",
            "arguments": plain(options["arguments"]),
            "outputs": {},
        }
        # KFP's pods know which attempt they are; the runner repeats a task with the same arguments.
        same = [
            each for each in tasks if (each["component"], each["arguments"]) == (entry["component"], entry["arguments"])
        ]
        os.environ["KFP_RETRY_INDEX"] = str(len(same))
        tasks.append(entry)
        outputs, ended = original(**options)
        entry.update(state="success" if ended == status.Status.SUCCESS else "failed", outputs=plain(outputs))
        return outputs, ended

    task_dispatcher.run_single_task_implementation = recording


def mend() -> None:
    """Let a DAG put out one of several artifacts, as KFP's backend does and the runner does for parameters.

    Without it the runner raises "Expected 1 artifact in ArtifactSelectorSpec". A canary in tests/backends/kubeflow tells when it can go.
    """

    def mended(dag_outputs_spec: Any, io_store: Any) -> dict[str, Any]:
        outputs = {}
        for key, selectors in dag_outputs_spec.artifacts.items():
            found = []
            for selector in selectors.artifact_selectors:
                try:
                    found.append(io_store.get_task_output(selector.producer_subtask, selector.output_artifact_key))
                except ValueError:
                    continue
            if len(found) != 1:
                raise ValueError(f"{len(found)} of the tasks that may put out {key!r} have run")
            outputs[key] = found[0]
        return outputs

    orchestrator_utils.OrchestratorUtils.get_dag_output_artifacts = mended


def plain(value: object) -> object:
    """The value as JSON: artifacts as their URI, metadata and type."""
    if isinstance(value, dsl.Artifact):
        return {"uri": value.uri, "metadata": plain(value.metadata), "type": value.schema_title}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def text(error: Exception) -> str:
    """The error without its traceback and without colours."""
    colourless: str = COLOUR.sub("", "".join(traceback.format_exception_only(error)))
    return colourless.strip()


def nothing() -> dict[str, Any]:
    """The entry of a case of which nothing ran."""
    return {"state": None, "error": None, "outputs": {}, "tasks": []}


def entry(case: dict[str, Any], home: Path) -> dict[str, Any]:
    """One entry of the response."""
    case = {**case, "spec": str(Path(case["spec"]).absolute())}

    def in_child() -> dict[str, Any]:
        os.chdir(home)
        os.environ.update(case.get("environment", {}))
        return run(case, home)

    result, fault, log = run_apart(in_child, home, case.get("timeout", TIMEOUT))
    return {**(result if result is not None else {**nothing(), "error": fault}), "log": log}


def main(request: str, response: str) -> int:
    """Run every case of the request; exit 0 if all could be tried, whatever came out."""
    entries = []
    with tempfile.TemporaryDirectory(prefix="specrun-") as own:
        for number, case in enumerate(json.loads(Path(request).read_text(encoding="utf-8"))["cases"]):
            home = Path(case.get("home") or Path(own, f"case-{number}")).absolute()
            home.mkdir(parents=True, exist_ok=True)
            entries.append(entry(case, home))
    Path(response).write_text(json.dumps({"results": entries}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
