"""`pipec/airflow.json` of the code folder: what the DAG file need not say of the pipeline and its tasks.

{"pipeline": "churn", "parameters": ["depth"], "artifact_root": "s3://bucket/pipec", "tasks": {
 "train": {"operation": "train", "cache": {"digest": "sha256:…"}, "registered": {"model": {"name": "model"}}}}}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipec.backends.airflow import ending
from pipec.backends.airflow.graph import flatten_of
from pipec.backends.airflow.tasks import hook_key
from pipec.compiler.gates import is_gate
from pipec.compiler.invocation import cache_entry

if TYPE_CHECKING:
    from pipec.backends.airflow.members import Members
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

PATH = "pipec/airflow.json"


def text(pipeline: Pipeline, members: Members, root: str | None) -> str:
    """The file: a line for each task. `root` is the store, None for the workers' own."""
    tasks = {**_hooks(pipeline, members), **_steps(pipeline, members)}
    lines = [f" {json.dumps(id_)}: {json.dumps(about)}" for id_, about in tasks.items()]
    parameters = [parameter.name for parameter in pipeline.parameters]
    store = "" if root is None else f'"artifact_root": {json.dumps(root)}, '
    operator = members.tasks.runner.operator
    store += f'"operator": {json.dumps(operator)}, ' if operator != "python" else ""
    head = f'{{"pipeline": {json.dumps(pipeline.name)}, "parameters": {json.dumps(parameters)}, {store}"tasks": {{'
    return head + "\n" + ",\n".join(lines) + "\n}}\n"


def _steps(pipeline: Pipeline, members: Members) -> dict[str, dict[str, Json]]:
    found: dict[str, dict[str, Json]] = {}
    ids, indices = members.names.ids, members.tasks.indices
    for node in members.graph.nodes.values():
        if node.call is None or is_gate(node.call):
            continue
        about: dict[str, Json] = {"operation": node.call.id}
        step = pipeline.steps[node.call.step]
        cache = cache_entry(node.call.config, step)
        if cache is not None:
            about["cache"] = cache
        registered: dict[str, Json] = {each.name: dict(each.registered) for each in step.outputs if each.registered}
        if registered:
            about["registered"] = registered
        if len(node.loops) > 1:
            about |= {"indices": ids[flatten_of(node.loops[-1])], "names": [indices[loop] for loop in node.loops]}
        found[ids[node.key]] = about
    return found


def _hooks(pipeline: Pipeline, members: Members) -> dict[str, dict[str, Json]]:
    names = [name for name in ending.names(pipeline) if name != ending.RECORD]
    return {members.names.ids[hook_key(name)]: {"operation": f"hook.{name}"} for name in names}
