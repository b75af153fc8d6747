"""A container as a local process: a folder stands for the pod's file system, with each volume below its mount path."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec.backends.argo_interpreter.faults import Broken, Refused
from pipec.backends.argo_interpreter.node import ERROR, FAILED, SUCCEEDED, Node, Object, Outputs

_MESSAGE = "/dev/termination-log"
_VARIABLE = re.compile(r"\$\$|\$\(([^)]*)\)")


@dataclass(frozen=True)
class Cluster:
    """What lies around the pods.

    Attributes:
        maps: ConfigMaps by name, their data by key.
        secrets: Secrets by name, their values by key.
        folder: holds the pods' file systems.
        store: the artifact repository, keys as paths.
        environment: variables that each container has besides its own (`PATH`).
        images: the folder that stands for the root of an image.
    """

    maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]]
    folder: Path
    store: Path
    environment: Mapping[str, str]
    images: Mapping[str, Path] = field(default_factory=dict[str, Path])


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The kubelet's expansion: `$(NAME)` of a known variable, `$` for `$$`."""
    return _VARIABLE.sub(lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0]), text)


def run_pod(name: str, template: Object, inputs: Outputs, volumes: Sequence[Object], cluster: Cluster) -> Node:
    """Runs the container of a template that is substituted, and collects its outputs."""
    pod = _Pod(cluster, cluster.folder / name, template["container"], [*volumes, *template.get("volumes", [])])
    problem = pod.load(template.get("inputs", {}).get("artifacts", []), inputs.artifacts)
    if problem:
        return Node(ERROR, message=problem)
    deadline = template.get("activeDeadlineSeconds")
    status, log = pod.run(None if deadline is None else float(deadline))
    if status is None:
        return Node(
            FAILED, log=log, message="Pod was active on the node longer than the specified deadline", exit_code=143
        )
    node = pod.collect(template, name)
    node.log = log
    if status:
        # Outputs are saved also where the command failed, as far as they are there.
        said = pod.message.read_text(encoding="utf-8", errors="replace")[:4096] if pod.message.exists() else ""
        message = f"main: Error (exit code {status})" + (f": {said}" if said else "")
        return Node(FAILED, node.outputs, log, message, exit_code=status)
    return node


class _Pod:
    def __init__(self, cluster: Cluster, folder: Path, container: Object, volumes: Sequence[Object]) -> None:
        self.cluster, self.folder, self.container = cluster, folder, container
        known = {volume["name"]: volume for volume in volumes}
        self.mounts: list[str] = []
        self.message = self.path(_MESSAGE)
        self.message.parent.mkdir(parents=True)
        mounted = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
        if (root := cluster.images.get(container["image"])) is not None:
            for entry in sorted(root.iterdir()):
                # What is mounted hides what the image has there.
                if f"/{entry.name}" not in mounted:
                    self.path(entry.name).symlink_to(entry.resolve())
                    self.mounts.append(f"/{entry.name}")
        for mount in container.get("volumeMounts", []):
            if set(mount) - {"name", "mountPath", "readOnly"}:
                raise Refused(f"volumeMount {mount}")
            self.mounts.append(mount["mountPath"])
            self._fill(known[mount["name"]], self.path(mount["mountPath"]))

    def _fill(self, volume: Object, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        if set(volume) == {"name", "configMap"} and set(volume["configMap"]) <= {"name", "items"}:
            data = self.cluster.maps.get(volume["configMap"]["name"])
            if data is None:
                raise Broken(f"configmap {volume['configMap']['name']} not found")
            items = volume["configMap"].get("items", [{"key": key, "path": key} for key in data])
            for item in items:
                target = path / item["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data[item["key"]].encode())
        elif set(volume) == {"name", "secret"} and set(volume["secret"]) == {"secretName"}:
            for key, text in self.cluster.secrets[volume["secret"]["secretName"]].items():
                (path / key).write_text(text, encoding="utf-8")
        elif set(volume) != {"name", "emptyDir"}:
            raise Refused(f"volume {volume}")

    def path(self, inside: str) -> Path:
        """Where a path of the pod lies on this machine."""
        return self.folder / inside.lstrip("/")

    def load(self, declared: Sequence[Object], given: Mapping[str, Object]) -> str:
        """Brings the input artifacts in; gives what went wrong."""
        for entry in declared:
            # What is handed over replaces what is declared, its word on being optional too.
            artifact = {**given[entry["name"]], "path": entry["path"]} if entry["name"] in given else entry
            if "raw" in artifact:
                target = self.path(entry["path"])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(artifact["raw"]["data"], encoding="utf-8")
                continue
            key = artifact.get("s3", {}).get("key")
            if not key:
                if artifact.get("optional"):
                    continue
                return f"required artifact '{entry['name']}' not supplied"
            if artifact.get("archive") != {"none": {}}:
                raise Refused(f"archive {artifact.get('archive')} of {entry['name']}")
            source, target = self.cluster.store / key, self.path(entry["path"])
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.is_file():
                shutil.copyfile(source, target)
            elif not artifact.get("optional"):
                return f"artifact {entry['name']} failed to load: {key} not found"
        return ""

    def run(self, deadline: float | None) -> tuple[int | None, str]:
        """The exit status, None past the deadline, and what was printed."""
        variables = self._variables()
        words = [expand(word, variables) for word in self.container["command"]]
        # A whole word that is a mount path is that folder here; what lies below it the command finds itself.
        words = [str(self.path(word)) if word in self.mounts else word for word in words]
        words = [word.replace(_MESSAGE, str(self.message)) for word in words]
        words += [expand(word, variables) for word in self.container.get("args", [])]
        if words[0] in ("python", "python3"):
            words[0] = sys.executable
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.cluster.environment, **variables}
        try:
            done = subprocess.run(
                words, env=environment, cwd=self.folder, capture_output=True, timeout=deadline, check=False
            )
        except subprocess.TimeoutExpired as ended:
            return None, (ended.stdout or b"").decode(errors="replace")
        except FileNotFoundError as problem:
            return 64, str(problem)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def _variables(self) -> dict[str, str]:
        variables: dict[str, str] = {}
        for source in self.container.get("envFrom", []):
            if set(source) == {"secretRef"}:
                variables |= self._secret(source["secretRef"]["name"])
            elif set(source) == {"configMapRef"}:
                variables |= self.cluster.maps[source["configMapRef"]["name"]]
            else:
                raise Refused(f"envFrom {source}")
        for entry in self.container.get("env", []):
            variables[entry["name"]] = self._value(entry, variables)
        return variables

    def _secret(self, name: str) -> Mapping[str, str]:
        if name not in self.cluster.secrets:
            raise Broken(f"secret {name} not found")
        return self.cluster.secrets[name]

    def _value(self, entry: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        if "value" in entry:
            return expand(entry["value"], variables)
        match entry["valueFrom"]:
            case {"configMapKeyRef": {"name": name, "key": key}}:
                return self.cluster.maps[name][key]
            case {"secretKeyRef": {"name": name, "key": key}}:
                return self._secret(name)[key]
            case other:
                raise Refused(f"valueFrom {other}")

    def collect(self, template: Object, name: str) -> Node:
        """The node with its outputs; an error where one is missing."""
        outputs = Outputs()
        declared = template.get("outputs", {})
        for entry in declared.get("parameters", []):
            source = entry["valueFrom"]
            path = self.path(source["path"])
            if path.exists():
                outputs.parameters[entry["name"]] = path.read_bytes().decode().removesuffix("\n")
            elif "default" in source:
                outputs.parameters[entry["name"]] = source["default"]
            else:
                return Node(ERROR, outputs, message=f"no file {source['path']}")
        for entry in declared.get("artifacts", []):
            if entry.get("archive") != {"none": {}}:
                raise Refused(f"archive {entry.get('archive')} of {entry['name']}")
            path = self.path(entry["path"])
            if not path.exists():
                if entry.get("optional"):
                    continue
                return Node(ERROR, outputs, message=f"no folder {entry['path']}")
            key = entry.get("s3", {}).get("key") or f"default/{name}/{entry['name']}"
            _upload(path, self.cluster.store / key)
            outputs.artifacts[entry["name"]] = {"s3": {"key": key}, "archive": {"none": {}}}
        return Node(SUCCEEDED, outputs)


def _upload(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, target)
