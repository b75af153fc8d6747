"""Prints the model: the WorkflowTemplate, the CronWorkflow where there is one, the ConfigMap; defaults are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.settings import CODE_MOUNT
from pipec.backends.argo.steps import DATA
from pipec.backends.argo.text import plain
from pipec.compiler.yaml_text import Flow, Noted, document, documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.argo.model import CodeMap, Inputs, Let, Manifest, RunParameter, Scope, Source, Step, Task
    from pipec.compiler.yaml_text import Yaml


def render(manifest: Manifest) -> str:
    """The whole file."""
    texts = template_texts(manifest)
    if manifest.cron is not None:
        name, spec = manifest.cron
        texts.append(document(_object("argoproj.io/v1alpha1", "CronWorkflow", name, manifest) | {"spec": spec}))
    if manifest.code is not None:
        texts.append(document(_code(manifest.code, manifest)))
    return documents(texts)


def template_texts(manifest: Manifest) -> list[str]:
    """The documents that Argo stores: the WorkflowTemplate, and those that hold steps for which it has no room."""
    texts = [document(_template(manifest), manifest.header)]
    for name, steps in manifest.libraries:
        head = _object("argoproj.io/v1alpha1", "WorkflowTemplate", name, manifest)
        texts.append(document(head | {"spec": {"templates": [_step(step) for step in steps]}}))
    return texts


def _object(version: str, kind: str, name: str, manifest: Manifest) -> dict[str, Yaml]:
    metadata: dict[str, Yaml] = {"name": name}
    if manifest.namespace is not None:
        metadata["namespace"] = manifest.namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _template(manifest: Manifest) -> dict[str, Yaml]:
    head = _object("argoproj.io/v1alpha1", "WorkflowTemplate", manifest.name, manifest)
    metadata = head["metadata"]
    assert isinstance(metadata, dict)
    if manifest.annotations:
        metadata["annotations"] = manifest.annotations
    spec: dict[str, Yaml] = {"entrypoint": "main"}
    if manifest.on_exit:
        spec["onExit"] = manifest.on_exit
    if manifest.parameters:
        spec["arguments"] = {"parameters": [_run_parameter(parameter) for parameter in manifest.parameters]}
    spec |= manifest.spec
    volumes: list[Yaml] = []
    if manifest.code is not None and manifest.code.paths:
        items: list[Yaml] = [Flow({"key": key, "path": path}) for key, path in manifest.code.paths.items()]
        volumes.append({"name": "code", "configMap": {"name": manifest.code.name, "items": items}})
    spec["volumes"] = [*volumes, Flow({"name": "data", "emptyDir": {}})]
    mounts: list[Yaml] = [*([CODE_MOUNT] if manifest.mounts_code else []), Flow({"name": "data", "mountPath": DATA})]
    spec["templateDefaults"] = {"container": {**manifest.defaults, "volumeMounts": mounts}}
    homes = {step.name: name for name, steps in manifest.libraries for step in steps}
    templates = [_scope(scope, manifest, homes) for scope in manifest.scopes]
    templates += [_step(step) for step in manifest.steps]
    spec["templates"] = templates
    return head | {"spec": spec}


def _run_parameter(parameter: RunParameter) -> Yaml:
    printed: dict[str, Yaml] = {"name": parameter.name}
    if parameter.value is not None:
        printed["value"] = parameter.value
    if parameter.description:
        printed["description"] = plain(parameter.description)
    if parameter.enum:
        printed["enum"] = list(parameter.enum)
    return Flow(printed)


def _inputs(inputs: Inputs) -> dict[str, Yaml]:
    printed: dict[str, Yaml] = {}
    if inputs.parameters:
        printed["parameters"] = [_input(name, inputs) for name in inputs.parameters]
    if inputs.artifacts:
        printed["artifacts"] = [_artifact(name, path, inputs) for name, path in inputs.artifacts.items()]
    return printed


def _input(name: str, inputs: Inputs) -> Yaml:
    return Flow({"name": name, "value": inputs.values[name]} if name in inputs.values else {"name": name})


def _artifact(name: str, path: str, inputs: Inputs) -> Yaml:
    printed: dict[str, Yaml] = {"name": name}
    if path:
        printed["path"] = path
    if name in inputs.raw:
        printed["raw"] = {"data": inputs.raw[name]}
    if name in inputs.optional:
        printed["optional"] = True
    return Flow(printed)


def _scope(scope: Scope, manifest: Manifest, homes: Mapping[str, str]) -> Yaml:
    printed: dict[str, Yaml] = {"name": scope.name}
    if inputs := _inputs(scope.inputs):
        printed["inputs"] = inputs
    if scope.parallelism is not None:
        printed["parallelism"] = scope.parallelism
    dag: dict[str, Yaml] = {} if manifest.fails_fast else {"failFast": False}
    dag["tasks"] = [_task(task, homes) for task in scope.tasks]
    printed["dag"] = dag
    outputs: dict[str, Yaml] = {}
    if scope.parameters:
        outputs["parameters"] = list(map(_let_parameter, scope.parameters))
    if scope.artifacts:
        outputs["artifacts"] = list(map(_let_artifact, scope.artifacts))
    if outputs:
        printed["outputs"] = outputs
    return Noted(printed, scope.note, blank=True)


def _let_parameter(output: Let) -> Yaml:
    source = {"expression": output.expression} if output.expression else {"parameter": output.source}
    return Flow({"name": output.name, "valueFrom": source})


def _let_artifact(output: Let) -> Yaml:
    printed: dict[str, Yaml] = {"name": output.name}
    printed |= {"fromExpression": output.expression} if output.expression else {"from": output.source}
    if output.is_optional:
        printed["optional"] = True
    return Flow(printed)


def _task(task: Task, homes: Mapping[str, str]) -> Yaml:
    printed: dict[str, Yaml] = {"name": task.name}
    if task.template in homes:
        printed["templateRef"] = Flow({"name": homes[task.template], "template": task.template})
    else:
        printed["template"] = task.template
    if task.when:
        printed["when"] = task.when
    if task.count:
        printed["withSequence"] = Flow({"count": task.count})
    if task.depends:
        printed["depends"] = " && ".join(
            _ended(name) if task.is_after_all else f"{name}.Succeeded" for name in task.depends
        )
    arguments: dict[str, Yaml] = {}
    if task.parameters:
        arguments["parameters"] = [Flow({"name": name, "value": text}) for name, text in task.parameters.items()]
    if task.artifacts:
        arguments["artifacts"] = [_handed(name, source) for name, source in task.artifacts.items()]
    if arguments:
        printed["arguments"] = arguments
    return printed


def _ended(name: str) -> str:
    return " || ".join(f"{name}.{result}" for result in ("Succeeded", "Failed", "Errored", "Skipped", "Omitted"))


def _handed(name: str, source: Source) -> Yaml:
    printed: dict[str, Yaml] = {"name": name}
    if source.tag:
        printed["from"] = source.tag
    else:
        # Only the key is read: Argo puts it into whatever repository the controller has, of any kind.
        printed |= {"s3": {"key": source.key}, "archive": {"none": {}}}
    if source.is_optional:
        printed["optional"] = True
    return Flow(printed)


def _step(step: Step) -> Yaml:
    printed: dict[str, Yaml] = {"name": step.name}
    if inputs := _inputs(step.inputs):
        printed["inputs"] = inputs
    printed |= step.settings
    printed["container"] = {**step.container, "args": list(step.args)}
    outputs: dict[str, Yaml] = {}
    if step.parameters:
        outputs["parameters"] = [_file(name, path) for name, path in step.parameters.items()]
    if step.artifacts:
        outputs["artifacts"] = [_folder(name, path, step.keys.get(name)) for name, path in step.artifacts.items()]
    if outputs:
        printed["outputs"] = outputs
    return Noted(printed, step.note, blank=True)


def _file(name: str, path: str) -> Yaml:
    return Flow({"name": name, "valueFrom": {"path": path}})


def _folder(name: str, path: str, key: str | None) -> Yaml:
    printed: dict[str, Yaml] = {"name": name, "path": path, "archive": {"none": {}}}
    return Flow(printed if key is None else {**printed, "s3": {"key": key}})


def _code(code: CodeMap, manifest: Manifest) -> Mapping[str, Yaml]:
    head = _object("v1", "ConfigMap", code.name, manifest)
    metadata = head["metadata"]
    assert isinstance(metadata, dict)
    # Runs that are under way read the map of their own template, also after git holds the next one.
    metadata["annotations"] = {"argocd.argoproj.io/sync-options": "Prune=false"}
    return head | {"immutable": True, "data": code.data}
