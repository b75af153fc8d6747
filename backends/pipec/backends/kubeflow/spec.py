"""Prints a plan: the PipelineSpec, and the platform document where a step needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.executor import container, is_cached, platform, retry_policy, seconds
from pipec.backends.kubeflow.parameters import input_definition
from pipec.backends.kubeflow.scopes import GATES, StepTask
from pipec.compiler.yaml_text import Flow, Noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.backends.kubeflow.plan import Plan
    from pipec.backends.kubeflow.scopes import Iteration, Port, Scope, Source, Task
    from pipec.compiler.backend import Options
    from pipec.compiler.ir.model import Call
    from pipec.compiler.yaml_text import Yaml

SCHEMA_VERSION = "2.1.0"
LONGEST_DESCRIPTION = 1024


def pipeline_spec(plan: Plan, options: Options) -> dict[str, Yaml]:
    """The first document."""
    pipeline = plan.pipeline
    info: dict[str, Yaml] = {"name": plan.name}
    if pipeline.name != plan.name:
        info["displayName"] = pipeline.name
    if pipeline.doc:
        info["description"] = pipeline.doc[:LONGEST_DESCRIPTION]
    components: dict[str, Yaml] = {}
    executors: dict[str, Yaml] = {}
    for task in all_tasks(plan.root):
        if isinstance(task, StepTask):
            components[f"comp-{task.component}"] = Noted(_step_component(task), _source(task))
            executors[f"exec-{task.component}"] = Noted(container(task, pipeline, options), _source(task))
        else:
            scope = task.scope.scopes[task.key]
            note = (scope.note,) if scope.note else ()
            components[f"comp-{task.component}"] = Noted(_dag_component(scope, task, plan, options), note)
    return {
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": "pipec",
        "pipelineInfo": info,
        "root": Noted(_root(plan, options), blank=True),
        "components": Noted(components, blank=True),
        "deploymentSpec": Noted({"executors": executors}, blank=True),
    }


def platform_spec(plan: Plan, options: Options) -> dict[str, Yaml] | None:
    """The second document; None where nothing needs it."""
    executors: dict[str, Yaml] = {}
    for task in all_tasks(plan.root):
        if isinstance(task, StepTask) and (entry := platform(task, plan.pipeline, options)):
            executors[f"exec-{task.component}"] = entry
    kubernetes: dict[str, Yaml] = {}
    if executors:
        kubernetes["deploymentSpec"] = {"executors": executors}
    if plan.pipeline.config.timeout is not None:
        kubernetes["pipelineConfig"] = {"activeDeadlineSeconds": seconds(plan.pipeline.config.timeout)}
    return {"platforms": {"kubernetes": kubernetes}} if kubernetes else None


def all_tasks(scope: Scope) -> Iterator[Task]:
    """Every task, each before those inside it, in the order of the source."""
    for task in scope.tasks.values():
        yield task
        if task.key in scope.scopes:
            yield from all_tasks(scope.scopes[task.key])


def _source(task: StepTask) -> tuple[str, ...]:
    if task.hooks:
        return ("hooks of the run", *(str(spec["function"]) for spec in task.hooks))
    if task.call.step.startswith(GATES):
        return (_purpose(task.call),)
    name = f"{task.step.span.path}::{task.step.symbol.rpartition(':')[2]}"
    summary = task.step.doc.strip().partition("\n")[0]
    return (name, summary) if summary else (name,)


def _purpose(call: Call) -> str:
    """What a gate computes."""
    from pipec.compiler.ir.printer import print_value

    ((name, value),) = call.arguments.items()
    return f"pipec: {name} = {print_value(value)}"


def _root(plan: Plan, options: Options) -> dict[str, Yaml]:
    entry: dict[str, Yaml] = {}
    if plan.pipeline.parameters:
        ports = [plan.root.inputs["param", parameter.name, "parameter"] for parameter in plan.pipeline.parameters]
        definitions = (input_definition(parameter)[0] for parameter in plan.pipeline.parameters)
        entry["inputDefinitions"] = {
            "parameters": {port.key: definition for port, definition in zip(ports, definitions, strict=True)}
        }
    return entry | _outputs([port for port, _ in plan.root.outputs.values()]) | {"dag": _dag(plan.root, plan, options)}


def _dag_component(scope: Scope, task: Task, plan: Plan, options: Options) -> dict[str, Yaml]:
    ports = [port for port, _ in task.inputs.values()]
    if task.iteration is not None:
        ports.append(task.iteration.item)
    return _inputs(ports) | _outputs([port for port, _ in scope.outputs.values()]) | {"dag": _dag(scope, plan, options)}


def _step_component(task: StepTask) -> dict[str, Yaml]:
    entry = _inputs([port for port, _ in task.inputs.values()])
    return entry | _outputs(list(task.outputs.values())) | {"executorLabel": f"exec-{task.component}"}


def _inputs(ports: Sequence[Port]) -> dict[str, Yaml]:
    return _definitions("inputDefinitions", ports)


def _outputs(ports: Sequence[Port]) -> dict[str, Yaml]:
    return _definitions("outputDefinitions", ports)


def _definitions(name: str, ports: Sequence[Port]) -> dict[str, Yaml]:
    forms: dict[str, Yaml] = {}
    parameters: dict[str, Yaml] = {
        port.key: Flow({"parameterType": port.type}) for port in ports if port.form == "parameter"
    }
    artifacts: dict[str, Yaml] = {
        port.key: Flow(
            {"artifactType": {"schemaTitle": port.type, "schemaVersion": "0.0.1"}}
            | ({"isArtifactList": True} if port.is_list else {})
        )
        for port in ports
        if port.form == "artifact"
    }
    if parameters:
        forms["parameters"] = parameters
    if artifacts:
        forms["artifacts"] = artifacts
    return {name: forms} if forms else {}


def _dag(scope: Scope, plan: Plan, options: Options) -> dict[str, Yaml]:
    entry: dict[str, Yaml] = {}
    selectors: dict[str, dict[str, Yaml]] = {}
    for port, inners in scope.outputs.values():
        key = f"output{port.form.capitalize()}Key"
        each = [Flow({"producerSubtask": inner.task, key: inner.key}) for inner in inners]
        if port.form == "artifact":
            chosen: Yaml = Flow({"artifactSelectors": each}) if len(each) == 1 else {"artifactSelectors": each}
        elif len(each) == 1:
            chosen = Flow({"valueFromParameter": each[0].value})
        else:
            chosen = {"valueFromOneof": {"parameterSelectors": each}}
        selectors.setdefault(f"{port.form}s", {})[port.key] = chosen
    if selectors:
        entry["outputs"] = selectors
    entry["tasks"] = {task.key: _task(task, scope, plan, options) for task in scope.tasks.values()}
    return entry


def _task(task: Task, scope: Scope, plan: Plan, options: Options) -> dict[str, Yaml]:
    entry: dict[str, Yaml] = {
        "taskInfo": Flow({"name": task.label}),
        "componentRef": Flow({"name": f"comp-{task.component}"}),
    }
    if task.waits:
        entry["dependentTasks"] = Flow([key for key in scope.tasks if key in task.waits])
    if isinstance(task, StepTask):
        entry["cachingOptions"] = Flow({"enableCache": True} if is_cached(task, options) else {})
        if task.call.config.retry is not None and not task.loops:
            entry["retryPolicy"] = Flow(retry_policy(task.call.config.retry))
        if task.is_exit:
            entry["triggerPolicy"] = Flow({"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"})
    if task.condition:
        entry["triggerPolicy"] = Flow({"condition": task.condition})
    if task.iteration is not None:
        entry |= _iterator(task.iteration)
    inputs = _task_inputs(task, plan)
    if inputs:
        entry["inputs"] = inputs
    return entry


def _iterator(iteration: Iteration) -> dict[str, Yaml]:
    items: dict[str, Yaml] = {"inputParameter": iteration.input} if iteration.input else {"raw": iteration.raw}
    entry: dict[str, Yaml] = {"parameterIterator": Flow({"items": items, "itemInput": iteration.item.key})}
    if iteration.limit is not None:
        entry["iteratorPolicy"] = Flow({"parallelismLimit": iteration.limit})
    return entry


def _task_inputs(task: Task, plan: Plan) -> dict[str, Yaml]:
    forms: dict[str, dict[str, Yaml]] = {}
    for key, (port, source) in task.inputs.items():
        if key in code.RESERVED and task.scope.task is None:
            entry: Yaml = {"runtimeValue": {"constant": code.FACTS.get(key, plan.program)}}
        else:
            entry = Flow(_source_of(port, source))
        forms.setdefault(f"{port.form}s", {})[key] = entry
    return dict(forms)


def _source_of(port: Port, source: Source) -> dict[str, Yaml]:
    form = port.form.capitalize()
    if port.type == "TASK_FINAL_STATUS":
        return {"taskFinalStatus": {"producerTask": source.key}}
    if source.task is None:
        return {f"componentInput{form}": source.key}
    return {f"taskOutput{form}": {"producerTask": source.task, f"output{form}Key": source.key}}
