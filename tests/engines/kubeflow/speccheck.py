"""Read Kubeflow specs as the backend would: strictly, by the protocol buffers. Runs in Kubeflow's environment.

    python speccheck.py REQUEST.json RESPONSE.json

The request is `{"paths": [file, …]}`; the response has one entry a path, in that order:
`{"path", "errors": [text], "name": pipeline name or null, "components": [name], "executors": [name]}`.

Four strict parses (pipeline, deployment, platform, each executor's Kubernetes part), because the first one takes any deployment: there it is a
free structure, in which the backend drops what it does not know. Then the SDK's own loader, which resolves the component references.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2


def check(path: Path) -> dict[str, Any]:
    """One entry of the response."""
    entry: dict[str, Any] = {"path": str(path), "errors": [], "name": None, "components": [], "executors": []}
    try:
        documents = [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        entry["errors"].append(f"{type(error).__name__}: {error}")
        return entry
    if len(documents) not in {1, 2} or not all(isinstance(each, dict) for each in documents):
        entry["errors"].append(f"a spec has one or two documents that are mappings; this file has {len(documents)}")
        return entry
    spec, *platform = documents
    errors = entry["errors"]
    parsed = parse(spec, pipeline_spec_pb2.PipelineSpec(), "pipeline", errors)
    deployment = pipeline_spec_pb2.PipelineDeploymentConfig()
    parse(spec.get("deploymentSpec") or {}, deployment, "deploymentSpec", errors)
    if platform:
        check_platform(platform[0], set(deployment.executors), errors)
    if parsed is not None:
        entry["name"] = parsed.pipeline_info.name
        entry["components"] = sorted(parsed.components)
        errors += fixed_facts(spec, parsed)
    entry["executors"] = sorted(deployment.executors)
    if not errors:
        try:
            components.load_component_from_file(str(path))
        except Exception as error:
            errors.append(f"load_component_from_file: {type(error).__name__}: {error}")
    return entry


def parse(value: object, message, what: str, errors: list[str]):
    """Strict proto parse; None and an error if it fails."""
    try:
        return json_format.ParseDict(value, message)
    except (json_format.Error, TypeError, ValueError) as error:
        errors.append(f"{what}: {error}")
        return None


def check_platform(platform: dict[str, Any], executors: set[str], errors: list[str]) -> None:
    """The second document: the outer parse takes any Kubernetes part, so each executor's is parsed by its own message."""
    parse(platform, pipeline_spec_pb2.PlatformSpec(), "platform", errors)
    kubernetes = (platform.get("platforms") or {}).get("kubernetes") or {}
    for name, config in ((kubernetes.get("deploymentSpec") or {}).get("executors") or {}).items():
        message = kubernetes_executor_config_pb2.KubernetesExecutorConfig()
        parse(config, message, f"platform, executor {name}", errors)
        if name not in executors:
            errors.append(f"platform: executor {name} is not in deploymentSpec")


def fixed_facts(spec: dict[str, Any], parsed) -> list[str]:
    """What the backend checks beside the types."""
    errors = []
    if spec.get("schemaVersion") != "2.1.0":
        errors.append(f"schemaVersion is {spec.get('schemaVersion')!r}, not '2.1.0'")
    if not parsed.pipeline_info.name:
        errors.append("pipelineInfo.name is empty")
    if not parsed.HasField("root"):
        errors.append("there is no root")
    dags = [("root", parsed.root), *parsed.components.items()]
    for owner, component in dags:
        for key, task in component.dag.tasks.items():
            if task.component_ref.name not in parsed.components:
                errors.append(
                    f"{owner}: task {key} refers to component {task.component_ref.name!r}, which is not there"
                )
            if not task.task_info.name:
                errors.append(f"{owner}: task {key} has no taskInfo.name")
            errors += [
                f"{owner}: task {key} depends on {name!r}, which is not there"
                for name in task.dependent_tasks
                if name not in component.dag.tasks
            ]
    labels = dict(spec.get("deploymentSpec") or {}).get("executors") or {}
    for name, component in parsed.components.items():
        if component.executor_label and component.executor_label not in labels:
            errors.append(f"component {name} has executor {component.executor_label!r}, which is not there")
    return errors


def main(request: str, response: str) -> int:
    """Check every path of the request; exit 0 if all could be judged, whatever the verdict."""
    entries = [check(Path(path)) for path in json.loads(Path(request).read_text(encoding="utf-8"))["paths"]]
    Path(response).write_text(json.dumps({"results": entries}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
