"""A run of the interpreter as the executors tell theirs: the state, each instance of an operation, the outputs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pipec.backends.argo_interpreter import Run

STATES = {"Succeeded": "succeeded", "Failed": "failed", "Error": "failed", "Skipped": "skipped"}
_INDEX = re.compile(r"\((\d+):\1\)")


def trace(run: Run, text: str) -> dict[str, Any]:
    """`{"state", "operations", "outputs"}`; gates and hooks are no operations of the program.

    Args:
        run: the run.
        text: the file: its templates say which steps lie in a scope that was skipped.
    """
    documents = [one for one in yaml.safe_load_all(text) if one["kind"] == "WorkflowTemplate"]
    templates = {template["name"]: template for one in documents for template in one["spec"]["templates"]}
    operations: dict[str, str] = {}
    for name, node in run.nodes.items():
        if not name.startswith("main") or name.startswith("main.onExit"):
            continue
        path = name.split(".")
        task = _INDEX.sub("", path[-1])
        template = node.template.rpartition("/")[2] or task
        is_loop = node.children is not None or node.message == "Skipped, empty params"
        if template not in templates or is_loop:
            continue
        indices = _INDEX.findall(name)
        if "container" in templates[template]:
            _enter(operations, templates[template], indices, _state(node.phase))
        elif node.phase in ("Skipped", "Omitted"):
            for inner in _inside(templates, templates[template]):
                _enter(operations, inner, indices, _state(node.phase))
    outputs = {key: json.loads(value) for key, value in run.outputs.parameters.items()}
    return {
        "state": "succeeded" if run.phase == "Succeeded" else "failed",
        "operations": operations,
        "outputs": outputs,
    }


def _state(phase: str) -> str:
    return "upstream_failed" if phase == "Omitted" else STATES[phase]


def _enter(operations: dict[str, str], template: dict[str, Any], indices: list[str], state: str) -> None:
    step, spec = template["container"]["args"][0], json.loads(template["container"]["args"][1])
    if "hook" in spec or spec["function"].startswith("pipec.runtime.gates:"):
        return
    name = json.loads(step) if step.startswith('"') else step
    operations[f"{name}@{'.'.join(indices)}" if indices else name] = state


def _inside(templates: dict[str, Any], template: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for task in template["dag"]["tasks"]:
        inner = templates[task.get("template") or task["templateRef"]["template"]]
        found += [inner] if "container" in inner else _inside(templates, inner)
    return found
