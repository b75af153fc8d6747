"""Runs a WorkflowTemplate from its YAML: the controller's part, with each container as a local process."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from pipec.backends.argo_interpreter import dag
from pipec.backends.argo_interpreter.faults import Broken, Refused
from pipec.backends.argo_interpreter.known import know, know_template
from pipec.backends.argo_interpreter.node import ERROR, FAILED, OMITTED, SKIPPED, SUCCEEDED, Node, Object, Outputs, Run
from pipec.backends.argo_interpreter.pod import Cluster, run_pod
from pipec.backends.argo_interpreter.retrying import is_retried, pause
from pipec.backends.argo_interpreter.substitution import substitute

STARTED = "2026-02-03T04:05:06Z"
POD_PASSES = 2
"""How often a template is substituted again between the retry and the pod; values are re-scanned each time."""


def submit(
    text: str,
    folder: Path,
    parameters: Mapping[str, str] | None = None,
    *,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    environment: Mapping[str, str] | None = None,
    images: Mapping[str, Path] | None = None,
    uid: str = "2f6f1c2e-0000-4000-8000-000000000000",
) -> Run:
    """Submits the WorkflowTemplate of a file and runs it to its end.

    Args:
        text: the file, with the ConfigMaps that it needs.
        folder: an empty folder for pods and artifacts.
        parameters: the arguments of the submission, as text.
        secrets: the cluster's Secrets.
        environment: further variables of each container.
        images: for an image the folder that stands for its root; one that is not here has nothing but this machine's Python.
        uid: the run's unique id.

    Raises:
        Refused: the file holds something that is not known here.
        Broken: Argo would not start the run.
    """
    documents: list[Object] = [one for one in yaml.load_all(text, Loader=_Loader) if one]
    templates = [one for one in documents if one["kind"] == "WorkflowTemplate"]
    entries = [one for one in templates if "entrypoint" in one["spec"]]
    if len(entries) != 1:
        raise Refused(f"{len(entries)} WorkflowTemplates with an entry point")
    (template,) = entries
    for one in templates:
        know("spec", one["spec"])
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in documents if one["kind"] == "ConfigMap"}
    cluster = Cluster(maps, secrets or {}, folder / "pods", folder / "store", environment or {}, images or {})
    controller = _Controller(template, templates, cluster, uid, dict(parameters or {}))
    return controller.run()


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as Kubernetes reads it: dates, sexagesimal numbers and `=` are text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass
class _Controller:
    """One run.

    Attributes:
        waited: seconds that retries would have waited; the clock here does not.
    """

    manifest: Object
    objects: list[Object]
    cluster: Cluster
    uid: str
    parameters: dict[str, str]
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    globals: dict[str, Any] = field(default_factory=dict[str, Any])
    waited: float = 0.0

    def __post_init__(self) -> None:
        self.spec: Object = self.manifest["spec"]
        self.templates: dict[str, Object] = {}
        for one in self.objects:
            # What is called in another object runs under the spec of the run: only its templates count.
            home = "" if one is self.manifest else f"{one['metadata']['name']}/"
            for template in one["spec"]["templates"]:
                know_template(template)
                self.templates[f"{home}{template['name']}"] = template

    def run(self) -> Run:
        """The whole run, with its exit handler."""
        arguments = self._arguments()
        name = self.manifest["metadata"]["name"]
        self.globals = {
            "workflow.name": f"{name}-x7k2p",
            "workflow.namespace": "default",
            "workflow.uid": self.uid,
            "workflow.creationTimestamp": "Tue, 03 Feb 2026 04:05:06 +0000",
            "workflow.creationTimestamp.RFC3339": STARTED,
            "workflow.parameters": json.dumps([{"name": key, "value": value} for key, value in arguments.items()]),
            **{f"workflow.parameters.{key}": value for key, value in arguments.items()},
        }
        # Everything but the templates is substituted once, what was given too; `workflow.parameters` was read before.
        whole = {key: value for key, value in self.spec.items() if key != "templates"}
        given = [{"name": key, "value": value} for key, value in arguments.items()]
        self.spec |= substitute({**whole, "arguments": {"parameters": given}}, self.globals)
        arguments = {entry["name"]: entry["value"] for entry in self.spec["arguments"]["parameters"]}
        node = self.template(self.spec["entrypoint"], Outputs(arguments), "main", is_entry=True)
        phase = node.phase
        if "onExit" in self.spec:
            failures = [
                self._failure(key, each) for key, each in self.nodes.items() if each.is_failed and each.template
            ]
            # Encoded twice, and a quoted null where nothing failed.
            self.globals["workflow.status"] = phase
            self.globals["workflow.failures"] = json.dumps(json.dumps(failures) if failures else "null")
            ended = self.template(self.spec["onExit"], Outputs(arguments), "main.onExit", is_entry=True)
            if ended.is_failed and phase == SUCCEEDED:
                phase = ended.phase
        return Run(phase, node.outputs or Outputs(), self.nodes, self.cluster.store)

    def _failure(self, name: str, node: Node) -> Object:
        return {
            "displayName": node.display or name.rpartition(".")[2],
            "message": node.message,
            "templateName": node.template,
            "phase": node.phase,
            "podName": name,
            "finishedAt": STARTED,
        }

    def _arguments(self) -> dict[str, str]:
        declared = self.spec.get("arguments", {}).get("parameters", [])
        found: dict[str, str] = {}
        for entry in declared:
            know("argument parameter", entry)
            value = cast("str | None", self.parameters.pop(entry["name"], entry.get("value")))
            if value is None:
                raise Broken(f"argument {entry['name']} without a value")
            if "enum" in entry and value not in entry["enum"]:
                raise Broken(f"argument {entry['name']}: {value} is not in {entry['enum']}")
            found[entry["name"]] = str(value)
        if self.parameters:
            raise Broken(f"arguments that are not declared: {', '.join(self.parameters)}")
        return found

    def template(self, name: str, given: Outputs, node_name: str, *, is_entry: bool = False, task: str = "") -> Node:
        """Runs a template under the arguments that are given."""
        template = self.templates.get(name)
        if template is None:
            raise Broken(f"template name '{name}' undefined")
        local = {"node.name": node_name, **({"tasks.name": task} if task else {})}
        try:
            inputs = _inputs(template, given, is_entry)
            template, inputs = self._substituted(template, inputs, local)
            run = self._dag if "dag" in template else self._retried
            node = run(template, inputs, node_name)
        except Broken as fault:
            node = Node(ERROR, message=str(fault))
        node.template = name
        self.nodes[node_name] = node
        return node

    def _substituted(self, template: Object, inputs: Outputs, local: Mapping[str, str]) -> tuple[Object, Outputs]:
        """First what holds for the run, also in the values of the inputs; then the inputs."""
        variables = {**self.globals, **local}
        declared = template.get("inputs", {})
        filled = [{**each, "value": inputs.parameters[each["name"]]} for each in declared.get("parameters", [])]
        template = substitute({**template, "inputs": {**declared, "parameters": filled}}, variables)
        texts = {each["name"]: each["value"] for each in template["inputs"]["parameters"]}
        inputs = Outputs(texts, inputs.artifacts)
        variables |= {f"inputs.parameters.{key}": value for key, value in inputs.parameters.items()}
        listed = [{"name": key, "value": value} for key, value in inputs.parameters.items()]
        variables["inputs.parameters"] = json.dumps(listed)
        for side in ("inputs", "outputs"):
            for entry in template.get(side, {}).get("artifacts", []):
                if "path" in entry:
                    variables[f"{side}.artifacts.{entry['name']}.path"] = entry["path"]
        for entry in template.get("outputs", {}).get("parameters", []):
            if "path" in entry.get("valueFrom", {}):
                variables[f"outputs.parameters.{entry['name']}.path"] = entry["valueFrom"]["path"]
        return substitute(template, variables), inputs

    def _dag(self, template: Object, inputs: Outputs, name: str) -> Node:
        tasks: list[Object] = list(template["dag"]["tasks"])
        nodes: dict[str, Node] = {}
        scope = dag.Scope(inputs, self.templates, tasks)
        waiting = list(tasks)
        while waiting:
            task = next((one for one in waiting if set(dag.dependencies(one)) <= set(nodes)), None)
            if task is None:
                raise Broken("tasks wait for one another, or for none that is there")
            waiting.remove(task)
            node = self._task(task, nodes, scope, name)
            nodes[task["name"]] = self.nodes[f"{name}.{task['name']}"] = node
            scope.add(task, node)
        phase = dag.phase_of(tasks, nodes, template["dag"].get("failFast", True))
        if phase != SUCCEEDED:
            return Node(phase)
        return Node(phase, scope.outputs(template))

    def _task(self, task: Object, nodes: Mapping[str, Node], scope: dag.Scope, boundary: str) -> Node:
        name = f"{boundary}.{task['name']}"
        try:
            if not dag.may_run(task, nodes):
                return Node(OMITTED, message="omitted: depends condition not met")
            seen = self._ancestry(task, nodes, scope)
            resolved = self._resolved(task, seen)
            if resolved is None:
                return Node(SKIPPED, message="when evaluated false")
            artifacts = _artifacts(resolved, scope)
            items = dag.items_of(resolved)
            if items is None:
                return self._call(resolved, artifacts, name)
            if not items:
                return Node(SKIPPED, message="Skipped, empty params")
            return self._loop(resolved, items, seen, artifacts, name)
        except Broken as fault:
            return Node(ERROR, message=str(fault))

    def _ancestry(self, task: Object, nodes: Mapping[str, Node], scope: dag.Scope) -> dict[str, Any]:
        """Only what comes before a task is in its scope."""
        pending, seen = dag.dependencies(task), set[str]()
        tasks = {one["name"]: one for one in scope.tasks}
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += dag.dependencies(tasks[name])
        found = {key: value for key, value in scope.variables.items() if not key.startswith("tasks.")}
        for key, value in scope.variables.items():
            if key.startswith("tasks.") and key.split(".")[1] in seen:
                found[key] = value
        return {**self.globals, **found}

    def _resolved(self, task: Object, variables: Mapping[str, Any]) -> Object | None:
        """The task with what others have given; None where its condition does not hold."""
        strict = ("tasks", "steps")
        if "when" in task and "item" not in task["when"]:
            when = substitute(task["when"], variables, strict)
            if not dag.holds(when):
                return None
        arguments = task.get("arguments", {}).get("parameters", [])
        kept = [entry for entry in arguments if not _is_absent(entry.get("value"), variables)]
        if len(kept) != len(arguments):
            task = {**task, "arguments": {**task["arguments"], "parameters": kept}}
        return substitute(task, variables, strict)

    def _loop(
        self, task: Object, items: list[Any], seen: Mapping[str, Any], artifacts: dict[str, Object], name: str
    ) -> Node:
        children: list[Node] = []
        # Artifacts are resolved before a task is expanded: no tag of theirs is left.
        arguments = {**task.get("arguments", {}), "artifacts": [{**one, "name": key} for key, one in artifacts.items()]}
        for index, item in enumerate(items):
            one = dag.iteration({**task, "arguments": arguments}, item, seen)
            label = item if isinstance(item, str) else json.dumps(item)
            child = f"{name}({index}:{label})"
            if "when" in one and not dag.holds(one["when"]):
                self.nodes[child] = Node(SKIPPED)
            else:
                given = {entry["name"]: entry for entry in one["arguments"]["artifacts"]}
                self.nodes[child] = self._call(one, given, child)
            children.append(self.nodes[child])
        failed = [child.phase for child in children if child.is_failed]
        return Node(failed[-1] if failed else SUCCEEDED, children=children)

    def _call(self, task: Object, artifacts: dict[str, Object], name: str) -> Node:
        parameters = task.get("arguments", {}).get("parameters", [])
        given = Outputs({entry["name"]: entry["value"] for entry in parameters}, artifacts)
        return self.template(dag.called(task), given, name, task=task["name"])

    def _retried(self, template: Object, inputs: Outputs, name: str) -> Node:
        if "container" not in template:
            raise Refused(f"template {template['name']} is neither a container nor a DAG")
        defaults = self.spec.get("templateDefaults", {}).get("container", {})
        template = {**template, "container": _merged(defaults, template["container"])}
        retry: Object | None = template.get("retryStrategy")
        if retry is None:
            return self._pod(template, inputs, name, {})
        limit = int(retry["limit"]) if "limit" in retry else None
        node = Node(FAILED)
        attempt = 0
        while limit is None or attempt <= limit:
            last = {"exitCode": "0", "status": "", "duration": "0", "message": ""}
            if attempt:
                last |= {"exitCode": str(node.exit_code), "status": node.phase, "message": node.message}
            local = {"retries": str(attempt), **{f"lastRetry.{key}": value for key, value in last.items()}}
            node = self._pod(template, inputs, f"{name}({attempt})", local)
            attempt += 1
            node.attempts = attempt
            if not node.is_failed or not is_retried(retry, node):
                break
            self.waited += pause(retry, attempt)
        return node

    def _pod(self, template: Object, inputs: Outputs, name: str, local: Mapping[str, str]) -> Node:
        variables = {**self.globals, "pod.name": name, "node.name": name, **local}
        variables |= {f"inputs.parameters.{key}": value for key, value in inputs.parameters.items()}
        for _ in range(POD_PASSES + (1 if local else 0)):
            template = substitute(template, variables)
        folder = re.sub(r"[^A-Za-z0-9_.():-]", "-", name)
        return run_pod(folder, template, inputs, self.spec.get("volumes", []), self.cluster)


def _merged(defaults: Object, container: Object) -> Object:
    """A strategic merge: variables and mounts by their key, everything else as a whole."""
    merged = {**defaults, **container}
    for field_, key in (("env", "name"), ("volumeMounts", "mountPath")):
        own = container.get(field_, [])
        kept = [one for one in defaults.get(field_, []) if one[key] not in {each[key] for each in own}]
        if own or kept:
            merged[field_] = [*own, *kept]
    return merged


def _inputs(template: Object, given: Outputs, is_entry: bool) -> Outputs:
    """What is given, or the declared default; more than is declared is ignored, less is an error."""
    declared = template.get("inputs", {})
    found = Outputs()
    for entry in declared.get("parameters", []):
        value = given.parameters.get(entry["name"], entry.get("value", entry.get("default")))
        if value is None:
            raise Broken(f"inputs.parameters.{entry['name']} was not supplied")
        found.parameters[entry["name"]] = value
    for entry in declared.get("artifacts", []):
        if entry["name"] in given.artifacts:
            found.artifacts[entry["name"]] = given.artifacts[entry["name"]]
        elif "raw" in entry:
            continue
        elif entry.get("optional") or "s3" in entry:
            found.artifacts[entry["name"]] = {key: value for key, value in entry.items() if key != "name"}
        else:
            raise Broken(f"inputs.artifacts.{entry['name']} was not supplied")
    return found


def _artifacts(task: Object, scope: dag.Scope) -> dict[str, Object]:
    """What a task hands over; what is missing and optional is left out."""
    entries = task.get("arguments", {}).get("artifacts", [])
    found = {entry["name"]: scope.artifact(entry) for entry in entries}
    return {name: artifact for name, artifact in found.items() if artifact is not None}


def _is_absent(value: str | None, variables: Mapping[str, Any]) -> bool:
    """Whether an argument is one tag whose task was skipped and has no default: the input's own then applies."""
    match = re.fullmatch(r"\{\{\s*([^{}]+?)\s*\}\}", value or "")
    return match is not None and match[1] in variables and variables[match[1]] is None
