"""Runs an emitted file: a small, honest reading of Argo's semantics, with each container's command as a local process.

It knows the fields and tags listed here and refuses everything else. Substitution is Argo's own: the JSON text of the
template is scanned for `{{…}}`, a value goes in as Go's `strconv.Quote` writes it, the text is parsed again, and all
that several times, so that values are re-scanned. The kubelet's `$(NAME)` expansion follows. It shares no code with
what writes the files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PASSES = 4
"""How often a template is substituted before its pod exists (at least three; measured up to five)."""

Object = dict[str, Any]

_FIELDS = {
    "WorkflowTemplate.spec": "entrypoint arguments volumes templateDefaults templates activeDeadlineSeconds parallelism "
    "serviceAccountName imagePullSecrets ttlStrategy workflowMetadata",
    "template": "name inputs dag container outputs activeDeadlineSeconds retryStrategy",
    "dag": "tasks failFast",
    "task": "name template depends arguments",
    "container": "image command args env envFrom resources volumeMounts",
    "retryStrategy": "limit backoff",
}


class Refused(Exception):
    """The file holds something that is not known here."""


class Broken(Exception):
    """Argo would reject the run with an error."""


@dataclass
class Outputs:
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    artifacts: dict[str, Path] = field(default_factory=dict[str, Path])


@dataclass
class Node:
    phase: str
    outputs: Outputs = field(default_factory=Outputs)
    log: str = ""
    attempts: int = 1


@dataclass
class Run:
    phase: str
    outputs: Outputs
    nodes: dict[str, Node]

    def value(self, name: str) -> Any:
        """The output parameter `name` of the run, decoded."""
        return json.loads(self.outputs.parameters[name])

    def load(self, name: str) -> Any:
        """The output artifact `name`, a JSON artifact, as canonical JSON."""
        return json.loads((self.outputs.artifacts[name] / "value.json").read_text())


def execute(
    text: str,
    folder: Path,
    parameters: Mapping[str, str] | None = None,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
) -> Run:
    """Submits the WorkflowTemplate of the file and runs it to its end.

    Args:
        text: the file.
        folder: an empty folder for pods and artifacts.
        parameters: the arguments of the submission, as text.
        secrets: the cluster's Secrets.
    """
    documents: list[Object] = list(yaml.safe_load_all(text))
    template = next(one for one in documents if one["kind"] == "WorkflowTemplate")
    maps = {one["metadata"]["name"]: one["data"] for one in documents if one["kind"] == "ConfigMap"}
    spec = template["spec"]
    _know("WorkflowTemplate.spec", spec)
    declared = {entry["name"]: entry.get("value") for entry in spec.get("arguments", {}).get("parameters", [])}
    given = {**declared, **(parameters or {})}
    missing = [name for name, value in given.items() if value is None]
    if missing or set(given) != set(declared):
        raise Broken(f"arguments without a value or unknown: {missing or set(given) - set(declared)}")
    name = f"{template['metadata']['name']}-x7k2p"
    cluster = _Cluster(spec, maps, secrets or {}, folder, name)
    main = cluster.templates[spec["entrypoint"]]
    wanted = [entry["name"] for entry in main.get("inputs", {}).get("parameters", [])]
    inputs = Outputs({name: str(given[name]) for name in wanted})
    node = cluster.run_template(main, inputs, "main")
    return Run(node.phase, node.outputs, cluster.nodes)


def _know(kind: str, value: Object) -> None:
    unknown = set(value) - set(_FIELDS[kind].split())
    if unknown:
        raise Refused(f"{kind}: {sorted(unknown)}")


def quote(text: str) -> str:
    """Go's `strconv.Quote` without its outer quotes."""
    short = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    short["\v"] = "\\v"
    out: list[str] = []
    for character in text:
        code = ord(character)
        if character in short:
            out.append(short[character])
        elif character == " " or character.isprintable():
            out.append(character)
        elif code < 0x80:
            out.append(f"\\x{code:02x}")
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join(out)


def substitute(value: Any, tags: Mapping[str, str]) -> Any:
    """One pass over the JSON text."""
    text = json.dumps(value, ensure_ascii=False)
    out: list[str] = []
    start = 0
    while (opening := text.find("{{", start)) >= 0:
        closing = text.find("}}", opening)
        if closing < 0:
            raise Broken("Cannot find end tag")
        tag = text[opening + 2 : closing]
        if tag.startswith("="):
            raise Refused(f"expression {tag}")
        out.append(text[start:opening])
        known = tags.get(tag.strip())
        out.append(text[opening : closing + 2] if known is None else quote(known))
        start = closing + 2
    out.append(text[start:])
    try:
        return json.loads("".join(out))
    except ValueError as fault:
        raise Broken(f"result was invalid JSON: {fault}") from fault


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The kubelet's expansion: `$(NAME)` of a known variable, `$` for `$$`."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, text)


class _Cluster:
    def __init__(
        self, spec: Object, maps: Object, secrets: Mapping[str, Mapping[str, str]], folder: Path, name: str
    ) -> None:
        self.spec, self.maps, self.secrets, self.folder, self.name = spec, maps, secrets, folder, name
        self.templates: dict[str, Object] = {template["name"]: template for template in spec["templates"]}
        self.nodes: dict[str, Node] = {}

    def run_template(self, template: Object, inputs: Outputs, name: str) -> Node:
        _know("template", template)
        declared = template.get("inputs", {})
        for kind, given in (("parameters", inputs.parameters), ("artifacts", inputs.artifacts)):
            wanted = {entry["name"] for entry in declared.get(kind, [])}
            if wanted != set(given):
                raise Broken(f"{name}: {kind} {sorted(given)}, declared {sorted(wanted)}")
        node = self._run_dag(template, inputs, name) if "dag" in template else self._run_pod(template, inputs, name)
        self.nodes[name] = node
        return node

    def _run_dag(self, template: Object, inputs: Outputs, name: str) -> Node:
        dag = template["dag"]
        _know("dag", dag)
        nodes: dict[str, Node] = {}
        tasks: list[Object] = list(dag["tasks"])
        while tasks:
            task = next((one for one in tasks if set(_depends(one)) <= set(nodes)), None)
            if task is None:
                raise Broken("tasks wait for one another")
            tasks.remove(task)
            nodes[task["name"]] = self._run_task(task, nodes, inputs, name)
        phase = "Succeeded" if all(node.phase == "Succeeded" for node in nodes.values()) else "Failed"
        outputs = self._dag_outputs(template, nodes, inputs) if phase == "Succeeded" else Outputs()
        return Node(phase, outputs)

    def _run_task(self, task: Object, nodes: dict[str, Node], inputs: Outputs, scope: str) -> Node:
        _know("task", task)
        name = f"{scope}.{task['name']}"
        if any(nodes[other].phase != "Succeeded" for other in _depends(task)):
            node = self.nodes[name] = Node("Omitted")
            return node
        tags = _tags(nodes, inputs)
        arguments = task.get("arguments", {})
        handed = Outputs()
        for entry in arguments.get("parameters", []):
            resolved = entry
            for _ in range(PASSES):
                resolved = substitute(resolved, tags)
            handed.parameters[entry["name"]] = resolved["value"]
        for entry in arguments.get("artifacts", []):
            handed.artifacts[entry["name"]] = _artifact(entry["from"], nodes, inputs)
        return self.run_template(self.templates[task["template"]], handed, name)

    def _dag_outputs(self, template: Object, nodes: dict[str, Node], inputs: Outputs) -> Outputs:
        outputs = Outputs()
        tags = _tags(nodes, inputs)
        for entry in template.get("outputs", {}).get("parameters", []):
            source = entry["valueFrom"]["parameter"].removeprefix("{{").removesuffix("}}")
            outputs.parameters[entry["name"]] = tags[source]
        for entry in template.get("outputs", {}).get("artifacts", []):
            outputs.artifacts[entry["name"]] = _artifact(entry["from"], nodes, inputs)
        return outputs

    def _run_pod(self, template: Object, inputs: Outputs, name: str) -> Node:
        retry = template.get("retryStrategy", {})
        if retry:
            _know("retryStrategy", retry)
        limit = int(retry.get("limit", "0"))
        node = Node("Failed")
        for attempt in range(limit + 1):
            node = self._attempt(template, inputs, f"{name}({attempt})", attempt if retry else None)
            node.attempts = attempt + 1
            if node.phase != "Failed":
                break
        return node

    def _attempt(self, template: Object, inputs: Outputs, name: str, attempt: int | None) -> Node:
        defaults = self.spec.get("templateDefaults", {}).get("container", {})
        template = {**template, "container": {**defaults, **template["container"]}}
        tags = {f"inputs.parameters.{key}": value for key, value in inputs.parameters.items()}
        tags["workflow.name"] = self.name
        tags["workflow.creationTimestamp.RFC3339"] = "2026-02-03T04:05:06Z"
        if attempt is not None:
            tags["retries"] = str(attempt)
        for _ in range(PASSES):
            template = substitute(template, tags)
        pod = _Pod(self.folder / "pods" / name, template["container"], self.spec["volumes"], self.maps, self.secrets)
        for entry in template.get("inputs", {}).get("artifacts", []):
            shutil.copytree(inputs.artifacts[entry["name"]], pod.path(entry["path"]))
        deadline = template.get("activeDeadlineSeconds")
        status, log = pod.run(None if deadline is None else float(deadline))
        if status:
            return Node("Failed", log=log)
        return self._collect(template, pod, log, name)

    def _collect(self, template: Object, pod: _Pod, log: str, name: str) -> Node:
        node = Node("Succeeded", log=log)
        for entry in template.get("outputs", {}).get("parameters", []):
            path = pod.path(entry["valueFrom"]["path"])
            if not path.exists():
                return Node("Error", log=f"{log}\nno file {path}")
            node.outputs.parameters[entry["name"]] = path.read_bytes().decode().removesuffix("\n")
        for entry in template.get("outputs", {}).get("artifacts", []):
            if entry.get("archive") != {"none": {}}:
                raise Refused(f"archive {entry.get('archive')}")
            path = pod.path(entry["path"])
            if not path.exists():
                return Node("Error", log=f"{log}\nno folder {path}")
            store = self.folder / "store" / name / entry["name"]
            shutil.copytree(path, store)
            node.outputs.artifacts[entry["name"]] = store
        return node


class _Pod:
    """A folder that stands for the pod's file system: each volume below its mount path."""

    def __init__(
        self,
        folder: Path,
        container: Object,
        volumes: list[Object],
        maps: Object,
        secrets: Mapping[str, Mapping[str, str]],
    ) -> None:
        _know("container", container)
        self.folder, self.container, self.maps, self.secrets = folder, container, maps, secrets
        known = {volume["name"]: volume for volume in volumes}
        self.mounts: list[str] = [mount["mountPath"] for mount in container["volumeMounts"]]
        for mount in container["volumeMounts"]:
            path = self.path(mount["mountPath"])
            path.mkdir(parents=True)
            volume = known[mount["name"]]
            if "configMap" in volume:
                for item in volume["configMap"]["items"]:
                    target = path / item["path"]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(maps[volume["configMap"]["name"]][item["key"]].encode())
            elif volume != {"name": mount["name"], "emptyDir": {}}:
                raise Refused(f"volume {volume}")

    def path(self, inside: str) -> Path:
        """Where a path of the pod lies on this machine."""
        return self.folder / inside.lstrip("/")

    def run(self, deadline: float | None) -> tuple[int, str]:
        variables = self._variables()
        command = [expand(word, variables) for word in self.container["command"]]
        # Only whole words of the command name files of the pod; the arguments hold paths below its data folder.
        command = [str(self.path(word)) if word in self.mounts else word for word in command]
        arguments = [expand(word, variables) for word in self.container.get("args", [])]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **variables}
        if command[0] == "python":
            command[0] = sys.executable
        try:
            done = subprocess.run(
                [*command, *arguments],
                env=environment,
                cwd=self.folder,
                capture_output=True,
                timeout=deadline,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 143, "Pod was active on the node longer than the specified deadline"
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def _variables(self) -> dict[str, str]:
        variables: dict[str, str] = {}
        for source in self.container.get("envFrom", []):
            variables |= self.secrets[source["secretRef"]["name"]]
        for entry in self.container.get("env", []):
            if "value" in entry:
                variables[entry["name"]] = expand(entry["value"], variables)
            else:
                reference = entry["valueFrom"]["configMapKeyRef"]
                variables[entry["name"]] = self.maps[reference["name"]][reference["key"]]
        return variables


def _depends(task: Object) -> list[str]:
    parts = [part for part in task.get("depends", "").split(" && ") if part]
    if any(not part.endswith(".Succeeded") for part in parts):
        raise Refused(f"depends {task['depends']}")
    return [part.removesuffix(".Succeeded") for part in parts]


def _tags(nodes: Mapping[str, Node], inputs: Outputs) -> dict[str, str]:
    tags = {f"inputs.parameters.{name}": value for name, value in inputs.parameters.items()}
    for task, node in nodes.items():
        tags |= {f"tasks.{task}.outputs.parameters.{name}": text for name, text in node.outputs.parameters.items()}
    return tags


def _artifact(tag: str, nodes: Mapping[str, Node], inputs: Outputs) -> Path:
    match tag.removeprefix("{{").removesuffix("}}").split("."):
        case ["inputs", "artifacts", name]:
            return inputs.artifacts[name]
        case ["tasks", task, "outputs", "artifacts", name]:
            return nodes[task].outputs.artifacts[name]
        case _:
            raise Refused(tag)
