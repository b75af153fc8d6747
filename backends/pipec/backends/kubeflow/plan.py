"""Plans the spec: every operation a task with a legal key, every value a way to its reader.

Before:   Group("features", …, results={"frame": Output("clean", "output")}); Call("train", frame=Output("features", "frame"))
After:    scope `features` lets out `clean_output`; task `train` takes it from its sibling `features`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.names import Keys
from pipec.backends.kubeflow.scopes import Port, Router, Scope, Source, StepTask, Task, artifact_port, parameter_port
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir.model import Call, Group
from pipec.compiler.ir.values import DictOf, Expr, ListOf, Output, Param
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.backends.kubeflow.scopes import Form
    from pipec.compiler.ir.model import Block, Operation, Pipeline, StepDef
    from pipec.compiler.ir.values import Value


@dataclass(frozen=True, slots=True)
class Plan:
    """The pipeline as KFP will have it.

    Attributes:
        name: the legal name of the pipeline.
        program: see `pipec.backends.kubeflow.code`.
        results: root outputs, by the name of the pipeline's output.
    """

    pipeline: Pipeline
    name: str
    root: Scope
    program: str
    results: Mapping[str, Port]


def plan(pipeline: Pipeline, name: str, program: str) -> Plan:
    """Plans a pipeline of calls and groups."""
    return _Planner(pipeline).plan(name, program)


class _Planner:
    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._router = Router()
        self._components = Keys()
        self._groups: dict[str, Group] = {}
        self._name = ""

    def plan(self, name: str, program: str) -> Plan:
        self._name = name
        root = Scope()
        for parameter in self._pipeline.parameters:
            self._router.declare(root, parameter)
        wrapper = self._task(root, name, self._pipeline.name, "g")
        body = Scope(task=wrapper, input_keys=Keys(code.INPUT))
        root.scopes[wrapper.key] = body
        self._enter(body, self._pipeline.body)
        self._connect(self._pipeline.body)
        return Plan(self._pipeline, name, root, program, self._results(root))

    def _task(self, scope: Scope, name: str, label: str, kind: str) -> Task:
        key = scope.task_keys.task(name)
        prefix = [_key(each.task) for each in scope.path() if each.task is not None][-2::-1]
        component = self._components.task("-".join([*prefix, key]))
        if f"{kind}-{component}" == self._name:
            # The loader of the SDK takes a component with the pipeline's name for the pipeline itself (§4, hazard 4).
            component = self._components.task(f"{component}-task")
        task = Task(key, label, scope, f"{kind}-{component}")
        scope.tasks[key] = task
        return task

    def _enter(self, scope: Scope, block: Block) -> None:
        for operation in block.operations:
            if isinstance(operation, Group):
                task = self._task(scope, operation.id, operation.id, "g")
                self._router.tasks[operation.id] = task
                self._groups[operation.id] = operation
                inner = Scope(task=task, group=operation, input_keys=Keys(code.INPUT))
                scope.scopes[task.key] = inner
                self._enter(inner, operation.body)
            elif isinstance(operation, Call):
                self._enter_call(scope, operation)

    def _enter_call(self, scope: Scope, call: Call) -> None:
        step = self._pipeline.steps[call.step]
        expanded = replace(call, arguments={name: self._expand(value) for name, value in call.arguments.items()})
        plain = self._task(scope, call.id, call.id, "s")
        task = StepTask(
            plain.key,
            call.id,
            scope,
            plain.component,
            call=call,
            step=step,
            invocation=static_invocation(expanded, step),
            outputs=_output_ports(call, step),
        )
        scope.tasks[task.key] = task
        self._router.tasks[call.id] = task

    def _connect(self, block: Block) -> None:
        for operation in _all(block):
            task = self._router.tasks[operation.id]
            if isinstance(task, StepTask):
                keys = Keys(code.INPUT)
                self._take_program(task)
                for slot, leaf in task.invocation.slots.items():
                    assert isinstance(leaf, Param | Output)
                    task.slots[slot] = self._router.bring(task, keys.field(slot), leaf)
            for before in operation.after:
                self._router.order(task, before)

    def _take_program(self, task: Task) -> None:
        """Hand the program down to the task, through every scope around it; the wrapper has it from the spec."""
        port = Port(code.INPUT, "parameter", "STRING")
        holder: Task | None = task
        while holder is not None and code.INPUT not in holder.inputs:
            holder.take(port, Source(code.INPUT))
            holder = holder.scope.task

    def _results(self, root: Scope) -> dict[str, Port]:
        keys, results = Keys(), dict[str, Port]()
        for output in self._pipeline.outputs:
            value = self._expand(output.value)
            assert isinstance(value, Output), "legalisation refuses any other result"
            form = self._router.visible_form(value)
            inner, port = self._router.export(root, value, form)
            own = Port(keys.field(output.name), port.form, port.type)
            root.outputs[output.name, "", form] = (own, inner)
            results[output.name] = own
        return results

    def _expand(self, value: Value) -> Value:
        return expand(value, self._groups)


def expand(value: Value, groups: Mapping[str, Group]) -> Value:
    """The value with the results of groups replaced by what they are inside: then every output is that of a call."""
    match value:
        case Output(operation=operation, name=name) if operation in groups:
            return expand(groups[operation].results[name], groups)
        case ListOf(items=items):
            return replace(value, items=tuple(expand(item, groups) for item in items))
        case DictOf(entries=entries):
            return replace(value, entries=tuple((key, expand(item, groups)) for key, item in entries))
        case Expr(operands=operands):
            return replace(value, operands=tuple(expand(item, groups) for item in operands))
        case _:
            return value


def groups_of(block: Block) -> dict[str, Group]:
    """All groups, by id."""
    return {operation.id: operation for operation in _all(block) if isinstance(operation, Group)}


def _all(block: Block) -> Iterator[Operation]:
    for operation in block.operations:
        yield operation
        if isinstance(operation, Group):
            yield from _all(operation.body)


def _output_ports(call: Call, step: StepDef) -> dict[tuple[str, Form], Port]:
    keys = Keys()
    ports: dict[tuple[str, Form], Port] = {}
    for output in step.outputs:
        if output.carrier == "artifact":
            ports[output.name, "artifact"] = artifact_port(keys.field(output.name), output.type)
        if output.carrier == "parameter" or output.name in call.mirrored:
            suffix = "" if output.carrier == "parameter" else "_json"
            ports[output.name, "parameter"] = parameter_port(keys.field(output.name + suffix))
    return ports


def _key(task: Task | None) -> str:
    return "" if task is None else task.key
