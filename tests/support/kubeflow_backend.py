"""Kubeflow's backend as far as emitted specs need it: an interpreter of the spec that follows its driver's source, not `kfp.local`.

Written after `backend/src/v2` of kubeflow/pipelines 2.17 (`driver/resolve.go`, `driver/dag.go`, `metadata/client.go`,
`compiler/argocompiler/dag.go`), with its limits: a result is looked up through the executions of tasks; one of several
results comes from the task whose *state* is complete; a loop's results are collected breadth first; what waits for a
task that a condition skipped is not run; conditions are CEL. What it does not know, it refuses.

Steps run in forked children, by the adapter that the spec's own code root has.
"""

from __future__ import annotations

import base64
import bz2
import itertools
import json
import os
import re
import sys
import traceback
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from cel_expr_python import cel

from engines import SpecRun, SpecTask

# Children find all that a step needs loaded.
from pipec.runtime import execute, gates, hooks, kubeflow
from pipec.runtime.materializers import registry
from pipec.sdk import materializers

if TYPE_CHECKING:
    from collections.abc import Mapping

_WARM = (execute, gates, hooks, registry)
_ENVIRONMENT = cel.NewEnv(variables={"inputs": cel.Type.DYN})
_TASK_FIELDS = {
    "taskInfo",
    "componentRef",
    "dependentTasks",
    "cachingOptions",
    "triggerPolicy",
    "retryPolicy",
    "parameterIterator",
    "iteratorPolicy",
    "inputs",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
    "TASK_FINAL_STATUS": dict,
}


class DriverError(Exception):
    """The backend's driver would fail with this."""


@dataclass
class Execution:
    """What the backend keeps of a task: names and states as its metadata store has them."""

    id: int
    task: str
    parent: Execution | None
    component: dict[str, Any]
    is_dag: bool
    inputs: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    output_artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: str = "RUNNING"
    index: int | None = None
    count: int | None = None


class Backend:
    """Runs one spec."""

    def __init__(
        self, text: str, folder: Path, environment: Mapping[str, str] | None = None, code: Path | None = None
    ) -> None:
        """Unpacks the code root of the spec below `folder`; `code` is the one that the steps' images have."""
        self.spec = next(yaml.safe_load_all(text))
        self.folder, self.environment = folder, environment or {}
        self.run_id = str(uuid.UUID(int=1))
        self.executions: list[Execution] = []
        self.ids = itertools.count(1)
        self.tasks: list[SpecTask] = []
        self.errors: list[str] = []
        self.code = code

    def run(self, arguments: Mapping[str, Any]) -> SpecRun:
        """The run, in the form in which the local runner reports one.

        Raises:
            DriverError: the API would refuse the arguments.
        """
        root = self.spec["root"]
        definitions = root.get("inputDefinitions", {}).get("parameters", {})
        unknown = arguments.keys() - definitions.keys()
        if unknown:
            raise DriverError(f"unknown arguments {sorted(unknown)}")
        values = {name: each["defaultValue"] for name, each in definitions.items() if "defaultValue" in each}
        execution = self.create("root", None, root, is_dag=True)
        execution.inputs = check_types({**values, **arguments}, definitions)
        state = self.dag(execution)
        outputs = self.root_outputs(execution) if state == "Succeeded" else {}
        log = self.folder / "log.txt"
        return SpecRun(
            "success" if state == "Succeeded" else "failed",
            "; ".join(self.errors) or None,
            outputs,
            tuple(self.tasks),
            log.read_text(encoding="utf-8", errors="replace") if log.exists() else "",
        )

    def create(self, task: str, parent: Execution | None, component: dict[str, Any], *, is_dag: bool) -> Execution:
        execution = Execution(next(self.ids), task, parent, component, is_dag)
        self.executions.append(execution)
        return execution

    # Argo: a DAG runs what its tasks wait for first; a task that fails does not stop the others.

    def dag(self, execution: Execution) -> str:
        tasks: dict[str, Any] = execution.component["dag"]["tasks"]
        ended: dict[str, str] = {}
        waiting = dict(tasks)
        while waiting:
            ready = [key for key, task in waiting.items() if set(self.awaited(task)) <= ended.keys()]
            if not ready:
                raise DriverError(f"a circle among {sorted(waiting)}")
            for key in ready:
                task = waiting.pop(key)
                is_exit = task.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
                if not is_exit and any(ended[each] != "Succeeded" for each in self.awaited(task)):
                    ended[key] = "Omitted"
                    continue
                try:
                    ended[key] = self.task(key, task, execution)
                except DriverError as problem:
                    self.errors.append(f"{key}: {problem}")
                    ended[key] = "Failed"
                if is_exit:
                    # A hook of the DAG before it: its own end changes nothing.
                    ended[key] = "Succeeded"
        return "Failed" if "Failed" in ended.values() else "Succeeded"

    def awaited(self, task: dict[str, Any]) -> list[str]:
        inputs = task.get("inputs", {})
        produced = [
            source[kind]["producerTask"]
            for form, kind in (("parameters", "taskOutputParameter"), ("artifacts", "taskOutputArtifact"))
            for source in inputs.get(form, {}).values()
            if kind in source
        ]
        return [*task.get("dependentTasks", []), *produced]

    def task(self, key: str, task: dict[str, Any], dag: Execution) -> str:
        if unknown := task.keys() - _TASK_FIELDS:
            raise DriverError(f"fields that this interpreter does not know: {sorted(unknown)}")
        component = self.spec["components"][task["componentRef"]["name"]]
        inputs, artifacts = self.resolve(task, component, dag)
        execution = self.create(key, dag, component, is_dag="dag" in component)
        execution.inputs, execution.artifacts = inputs, artifacts
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition is not None and not holds(condition, inputs):
            execution.state = "CANCELED"
            return "Skipped"
        if "parameterIterator" in task:
            return self.loop(execution, task)
        return self.dag(execution) if execution.is_dag else self.container(execution, task)

    def loop(self, head: Execution, task: dict[str, Any]) -> str:
        iterator = task["parameterIterator"]
        items = iterator["items"]
        listed = json.loads(items["raw"]) if "raw" in items else head.inputs[items["inputParameter"]]
        head.count = len(listed)
        states: list[str] = []
        for index, item in enumerate(listed):
            iteration = self.create(head.task, head, head.component, is_dag=True)
            iteration.index = index
            rest = {name: value for name, value in head.inputs.items() if name != items.get("inputParameter")}
            definitions = head.component["inputDefinitions"]["parameters"]
            given = {name: each for name, each in definitions.items() if name != items.get("inputParameter")}
            iteration.inputs = check_types({**rest, iterator["itemInput"]: item}, given)
            iteration.artifacts = head.artifacts
            states.append(self.dag(iteration))
        return "Failed" if "Failed" in states else "Succeeded"

    def container(self, execution: Execution, task: dict[str, Any]) -> str:
        container = self.spec["deploymentSpec"]["executors"][execution.component["executorLabel"]]["container"]
        retries = task.get("retryPolicy", {}).get("maxRetryCount", 0)
        status = 1
        for attempt in range(retries + 1):
            place = self.folder / "root" / self.run_id / execution.task / str(uuid.uuid4())
            given = self.executor_input(execution, place)
            status = self.execute(container, given, attempt)
            output = Path(given["outputs"]["outputFile"])
            if status == 0:
                self.publish(execution, given, json.loads(output.read_text()) if output.exists() else {})
                break
        execution.state = "COMPLETE" if status == 0 else "FAILED"
        state = "success" if status == 0 else "failed"
        self.tasks.append(SpecTask(task["componentRef"]["name"], state, execution.inputs, execution.outputs))
        assert execution.parent is not None
        self.update(execution.parent)
        return "Succeeded" if status == 0 else "Failed"

    def executor_input(self, execution: Execution, place: Path) -> dict[str, Any]:
        definitions = execution.component.get("outputDefinitions", {})
        artifacts = {
            name: {"artifacts": [{"name": name, "uri": str(place / name), "type": each["artifactType"]}]}
            for name, each in definitions.get("artifacts", {}).items()
        }
        parameters = {name: {"outputFile": str(place / "p" / name)} for name in definitions.get("parameters", {})}
        return {
            "inputs": {
                "parameterValues": execution.inputs,
                "artifacts": {name: {"artifacts": each} for name, each in execution.artifacts.items()},
            },
            "outputs": {
                "parameters": parameters,
                "artifacts": artifacts,
                "outputFile": str(place / "output_metadata.json"),
            },
        }

    def publish(self, execution: Execution, given: dict[str, Any], output: dict[str, Any]) -> None:
        values, artifacts = output.get("parameterValues", {}), output.get("artifacts", {})
        declared = execution.component.get("outputDefinitions", {}).get("parameters", {})
        if values.keys() != declared.keys():
            raise DriverError(f"outputs {sorted(values)} instead of {sorted(declared)}")
        execution.outputs = check_types(values, declared)
        for name, each in given["outputs"]["artifacts"].items():
            execution.output_artifacts[name] = {**each["artifacts"][0], **artifacts[name]["artifacts"][0]}

    def update(self, dag: Execution) -> None:
        """`UpdateDAGExecutionsState`: only what ran in a container starts it."""
        tasks = [each for each in self.executions if each.parent is dag]
        expected = dag.count if dag.count is not None else len(dag.component["dag"]["tasks"])
        if sum(each.state in {"COMPLETE", "CACHED", "CANCELED"} for each in tasks) == expected:
            dag.state = "COMPLETE"
        elif any(each.state == "FAILED" for each in tasks):
            dag.state = "FAILED"
        else:
            return
        if dag.parent is not None:
            self.update(dag.parent)

    # The driver: where inputs come from.

    def resolve(
        self, task: dict[str, Any], component: dict[str, Any], dag: Execution
    ) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        inputs: dict[str, Any] = {}
        for name, source in task.get("inputs", {}).get("parameters", {}).items():
            ((kind, content),) = source.items()
            match kind:
                case "componentInputParameter":
                    if content not in dag.inputs:
                        raise DriverError(f"parent DAG does not have input parameter {content}")
                    inputs[name] = dag.inputs[content]
                case "taskOutputParameter":
                    inputs[name] = self.upstream(
                        dag, content["producerTask"], content["outputParameterKey"], "parameter"
                    )
                case "runtimeValue":
                    known = {"{{$.pipeline_job_uuid}}": self.run_id}
                    known["{{$.pipeline_job_create_time_utc}}"] = "2026-01-31T06:00:00Z"
                    inputs[name] = known.get(content["constant"], content["constant"])
                case "taskFinalStatus":
                    producer = self.tasks_of(dag)[named(task["dependentTasks"][0], dag)]
                    inputs[name] = {"state": producer.state, "pipelineTaskName": producer.task, "error": {}}
                case _:
                    raise DriverError(f"no source of a parameter: {kind}")
        artifacts: dict[str, list[dict[str, Any]]] = {}
        for name, source in task.get("inputs", {}).get("artifacts", {}).items():
            ((kind, content),) = source.items()
            if kind == "componentInputArtifact":
                if content not in dag.artifacts:
                    raise DriverError(f"parent DAG does not have input artifact {content}")
                artifacts[name] = dag.artifacts[content]
            else:
                artifacts[name] = self.upstream(dag, content["producerTask"], content["outputArtifactKey"], "artifact")
        definitions = dict(component.get("inputDefinitions", {}).get("parameters", {}))
        definitions.pop(task.get("parameterIterator", {}).get("itemInput"), None)
        return check_types(inputs, definitions), artifacts

    def tasks_of(self, dag: Execution) -> dict[str, Execution]:
        """`getDAGTasks`: all executions below a DAG, by the names that the driver gives them."""
        found: dict[str, Execution] = {}
        for each in self.executions:
            if each.parent is dag:
                index = each.index if each.index is not None else dag.index
                name = f"{each.task}_{dag.id}" + ("" if index is None else f"_idx_{index}")
                if name in found:
                    raise DriverError(f"two tasks have the same task name {name}")
                found[name] = each
        for each in list(found.values()):
            if each.is_dag:
                found.update(self.tasks_of(each))
        return found

    def upstream(self, dag: Execution, producer: str, key: str, form: str) -> Any:
        """`resolveUpstreamParameters` and `resolveUpstreamArtifacts`."""
        tasks = self.tasks_of(dag)
        name = named(producer, dag)
        while True:
            current = tasks.get(name)
            if current is None:
                raise DriverError(f"producer task, {name}, not in tasks")
            if not current.is_dag:
                return current.outputs[key] if form == "parameter" else [current.output_artifacts[key]]
            count = current.count if current.count is not None else current.parent and current.parent.count
            if count:
                return self.collect(name, tasks, key, form)
            name, key = self.producer(current, tasks, key, form)

    def producer(self, parent: Execution, tasks: dict[str, Execution], key: str, form: str) -> tuple[str, str]:
        """`GetProducerTask`: which task of a DAG gives an output, and under which key."""
        outputs = parent.component["dag"].get("outputs", {}).get(f"{form}s", {})
        if key not in outputs:
            raise DriverError(f"{form} output key {key!r} not found in parent task {parent.task!r}")
        chosen = outputs[key]
        word = f"output{form.capitalize()}Key"
        if "valueFromParameter" in chosen:
            selectors = [chosen["valueFromParameter"]]
        else:
            selectors = chosen.get("valueFromOneof", {}).get("parameterSelectors") or chosen["artifactSelectors"]
        if len(selectors) > 1 or "valueFromOneof" in chosen:
            done = [
                each
                for each in selectors
                if (found := tasks.get(f"{each['producerSubtask']}_{parent.id}")) is not None
                and found.state in {"COMPLETE", "CACHED"}
            ]
            if not done:
                raise DriverError(f"processing OneOf: No successful task found for output key {key!r}")
            selectors = done
        return f"{selectors[0]['producerSubtask']}_{parent.id}", selectors[0][word]

    def collect(self, start: str, tasks: dict[str, Execution], key: str, form: str) -> list[Any]:
        """`CollectInputs`, breadth first, with the way in which it remembers keys."""
        found: list[Any] = []
        queue = [start]
        working = previous_key = key
        previous_task, subtask = tasks[start].task, ""
        while queue:
            current = tasks[queue.pop(0)]
            if current.task == previous_task:
                working = previous_key
            previous_task, previous_key = current.task, working
            if not current.is_dag:
                found.append(current.outputs[working] if form == "parameter" else current.output_artifacts[working])
                continue
            subtask, working = self.producer(current, tasks, working, form)
            if current.count is None:
                queue.append(subtask if current.index is None else f"{subtask}_idx_{current.index}")
            else:
                queue += [f"{current.task}_{current.id}_idx_{index}" for index in range(current.count)]
        return found

    def root_outputs(self, root: Execution) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for form in ("parameter", "artifact"):
            for key in self.spec["root"]["dag"].get("outputs", {}).get(f"{form}s", {}):
                name, inner = self.producer(root, self.tasks_of(root), key, form)
                value = self.upstream(root, name.rpartition("_")[0], inner, form)
                found[key] = value if form == "parameter" else value[0]
        return found

    # The pod.

    def execute(self, container: dict[str, Any], given: dict[str, Any], attempt: int) -> int:
        in_image = ["python", "-I", "/pipec", "kubeflow"]
        assert container["command"] in (in_image, ["python3", "-I", "-c", "{{$.inputs.parameters['pipec_code']}}"])
        has_code = "pipec_code" in given["inputs"]["parameterValues"]
        assert has_code == (container["command"] != in_image)
        first, call, _ = container["args"]
        assert first == "{{$}}"
        if self.code is None:
            self.code = self.folder / "code"
            unpack(given["inputs"]["parameterValues"]["pipec_code"], self.code)
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            status = 70
            try:
                os.chdir(self.folder)
                own = {each["name"]: each["value"] for each in container.get("env", [])}
                os.environ.update({**self.environment, **own, "KFP_RETRY_INDEX": str(attempt)})
                log = os.open(self.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(log, 1)
                os.dup2(log, 2)
                sys.path.insert(0, str(self.code))
                materializers.registry.clear()  # a pod has no classes of other tests
                status = kubeflow.main([json.dumps(given), call])
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def named(task: str, dag: Execution) -> str:
    """`GetTaskNameWithDagID` and `InferIndexedTaskName`."""
    return f"{task}_{dag.id}" + ("" if dag.index is None else f"_idx_{dag.index}")


def holds(condition: str, values: dict[str, Any]) -> bool:
    """A condition over the inputs of its task; all numbers are doubles."""
    given = {name: float(each) if type(each) is int else each for name, each in values.items()}
    result = _ENVIRONMENT.compile(condition).eval(data={"inputs": {"parameter_values": given}})
    if result.type() != cel.Type.BOOL:
        raise DriverError(f"{condition}: {result.value()}")
    return bool(result.value())


def check_types(values: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What the driver says of inputs: their types, and that none is missing."""
    for name, definition in definitions.items():
        kind = definition["parameterType"]
        if name not in values:
            if not definition.get("isOptional"):
                raise DriverError(f"neither value nor default value provided for non-optional parameter {name!r}")
            continue
        value = values[name]
        wanted = _TYPES.get(kind, str)
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "BOOLEAN"):
            raise DriverError(f"input parameter {name!r} type mismatch: expect {kind}, got {value!r:.80}")
    return values


def unpack(program: str, root: Path) -> None:
    """The user's modules of the inline program; the runtime is that of this process, which is the same."""
    for packed in re.findall(r'"""\n(.*?)"""', program, re.DOTALL):
        for name, text in json.loads(bz2.decompress(base64.b64decode(packed))):
            if not name.startswith(("pipec/", "zenml/", "__main__")):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8", newline="")
