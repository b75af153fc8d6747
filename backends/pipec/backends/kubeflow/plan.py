"""Plans the spec: every operation a task with a legal key, every value a way to its reader.

Before:   if_big = if %if_big_gate.output == 0 … results model: [%train.output, %if_big_model_else.output]
          for_x = for x in %for_x_gate.indices … results score: %rate.output
After:    task `if-big`, a DAG: tasks `train` and `if-big-model-else`, each with its condition; lets out one of the two
          task `for-x`, a DAG: one task, `for-x-each`, with an iterator; lets out `score`, a list

Conditions and loops have a DAG of their own around them, so that they read its inputs and nothing else: on that KFP's
backend and `kfp.local` agree (reference/kubeflow.md §4). An arm that is one call needs no DAG inside that one.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.names import Keys, arm_word, dashed
from pipec.backends.kubeflow.scopes import (
    BLANK,
    Iteration,
    Port,
    Router,
    Scope,
    Source,
    StepTask,
    Task,
    artifact_port,
    gate_port,
    parameter_port,
)
from pipec.compiler.images.model import EVERY_STEP
from pipec.compiler.invocation import StaticInvocation, static_invocation
from pipec.compiler.ir.config import Hooks
from pipec.compiler.ir.constants import text
from pipec.compiler.ir.model import Block, Call, ForEach, Group, If
from pipec.compiler.ir.types import ANY, INT
from pipec.compiler.ir.values import Const, Item, Output, RunFact
from pipec.compiler.ir.walk import calls, identity, leaves, operations
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipec.backends.kubeflow.scopes import Form
    from pipec.compiler.backend import Options
    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.model import Pipeline, StepDef
    from pipec.compiler.ir.values import Param

NO_HOOKS = Hooks()


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


def plan(
    pipeline: Pipeline,
    keeps: frozenset[str],
    name: str,
    program: str,
    options: Options,
    images: Mapping[str, StepImage],
) -> Plan:
    """Plans a pipeline whose results are in KFP's form; see `pipec.backends.kubeflow.joins.settle`.

    Args:
        pipeline: as `settle` and `equipment.equipped` leave it.
        keeps: what `settle` gives with it.
        name: the legal name.
        program: empty where no step needs it.
        options: those of the backend.
        images: those of the request and of gates; empty where code travels inline.
    """
    return _Planner(pipeline, keeps, options, images).plan(name, program)


def any_lacks_code(pipeline: Pipeline, images: Mapping[str, StepImage]) -> bool:
    """Whether some task needs the program: it runs in an image without code."""
    ids = [call.id for call in calls(pipeline.body)]
    if pipeline.config.hooks != NO_HOOKS:
        ids.append(EVERY_STEP)
    return not images or not all(_image(id_, images).has_code for id_ in ids)


def _image(id_: str, images: Mapping[str, StepImage]) -> StepImage:
    return images.get(id_) or images[EVERY_STEP]


class _Planner:
    """Enters all tasks first, then connects them: the later may be read by the earlier in the order of the source."""

    def __init__(
        self, pipeline: Pipeline, keeps: frozenset[str], options: Options, images: Mapping[str, StepImage]
    ) -> None:
        self._pipeline, self._keeps, self._images = pipeline, keeps, images
        self._carries_code = False
        self._has_store = bool(options["artifact_root"])
        self._state: tuple[str, frozenset[str]] | None = None
        self._router = Router()
        self._components = Keys()
        self._name = ""
        self._later: list[Callable[[], None]] = []
        # `kfp.local` looks for the output of a task that did not run in the DAGs around it, too: the tasks of a
        # condition have keys that no other task has.
        ids = [dashed(operation.id) for operation in operations(self._pipeline.body)]
        self._shared = _repeated(ids)
        self._arms = Keys(*ids)

    def plan(self, name: str, program: str) -> Plan:
        self._name, self._carries_code = name, bool(program)
        root = Scope()
        for parameter in self._pipeline.parameters:
            self._router.declare(root, parameter)
        wrapper = self._task(root, name, self._pipeline.name, "g")
        body = self._scope(root, wrapper)
        if self._pipeline.config.hooks == NO_HOOKS:
            self._enter_block(body, self._pipeline.body, ())
        else:
            self._enter_hooks(body)
        for connect in self._later:
            connect()
        return Plan(self._pipeline, name, root, program, self._results(root))

    def _task(self, scope: Scope, name: str, label: str, kind: str) -> Task:
        key = scope.task_keys.task(name)
        prefix = [each.task.key for each in scope.path() if each.task is not None][-2::-1]
        component = self._components.task("-".join([*prefix, key]))
        if f"{kind}-{component}" == self._name:
            # The loader of the SDK takes a component with the pipeline's name for the pipeline itself (§4, hazard 4).
            component = self._components.task(f"{component}-task")
        task = Task(key, label, scope, f"{kind}-{component}")
        scope.tasks[key] = task
        return task

    def _scope(self, scope: Scope, task: Task, note: str = "") -> Scope:
        inner = Scope(task=task, note=note, input_keys=Keys(*code.RESERVED))
        scope.scopes[task.key] = inner
        return inner

    def _enter_hooks(self, scope: Scope) -> None:
        """The steps in a DAG of their own, with what comes before them; beside it what comes after them."""
        from pipec.backends.kubeflow.hooks import AFTER, BEFORE, phase, readers_of_state

        steps = self._task(scope, "steps", "steps", "g")
        self._later.append(partial(self._take_code, steps))
        body = self._scope(scope, steps, f"the steps of {self._pipeline.name}")
        before, first = phase(self._pipeline, BEFORE, "before"), None
        if before is not None:
            first = self._enter_step(body, before.call, before.step, StaticInvocation({}, {}))
            first.hooks = before.specs
            self._later.append(partial(self._connect_hooks, first))
            if before.step.outputs:
                self._state = (before.call.id, readers_of_state(self._pipeline))
        self._enter_block(body, self._pipeline.body, ())
        if first is not None:
            for task in body.tasks.values():
                if task is not first:
                    task.waits[first.key] = None
        after = phase(self._pipeline, AFTER, "after")
        if after is not None:
            last = self._enter_step(scope, after.call, after.step, StaticInvocation({}, {}))
            last.hooks, last.is_exit = after.specs, True
            last.waits[steps.key] = None
            self._later.append(partial(self._connect_hooks, last))
            status = Port("status", "parameter", "TASK_FINAL_STATUS")
            self._later.append(partial(last.take, status, Source(steps.key)))

    def _connect_hooks(self, task: StepTask) -> None:
        self._take_code(task)
        if self._has_store:
            self._take(task, code.RUN)

    def _enter_block(self, scope: Scope, block: Block, loops: tuple[str, ...]) -> None:
        for operation in block.operations:
            if isinstance(operation, Call):
                self._enter_call(scope, operation, loops)
                continue
            task = self._task(scope, operation.id, operation.id, "g")
            self._router.tasks[operation.id] = task
            self._later.append(partial(self._connect_dag, task, operation))
            match operation:
                case Group(pipeline=name):
                    self._enter_block(self._scope(scope, task, f"nested pipeline {name}"), operation.body, loops)
                case If():
                    self._enter_if(self._scope(scope, task, f"{operation.id}: one of its arms"), operation, loops)
                case ForEach():
                    self._enter_loop(
                        self._scope(scope, task, f"{operation.id}: once for each {operation.variable}"),
                        operation,
                        loops,
                    )

    def _enter_if(self, scope: Scope, operation: If, loops: tuple[str, ...]) -> None:
        scope.task_keys = Keys(*self._shared)
        self._router.branches[operation.id] = (scope, operation.results)
        for index, arm in enumerate(operation.arms):
            inside = [each for each in arm.body.operations if each.id not in self._keeps]
            beside = [each for each in arm.body.operations if each.id in self._keeps]
            if len(inside) > 1 or not all(isinstance(each, Call) for each in inside):
                word = arm_word(operation, index)
                task = self._task(scope, self._arms.task(f"{operation.id}_{word}"), f"{operation.id} {word}", "g")
                self._later.append(partial(self._connect_arm, operation, index, task))
                body = self._scope(scope, task, f"`{word}` of {operation.id}")
                self._enter_block(body, Block(tuple(inside)), loops)
                inside = []
            for each in [*inside, *beside]:
                assert isinstance(each, Call)
                self._enter_call(scope, each, loops, partial(self._connect_arm, operation, index))

    def _enter_loop(self, scope: Scope, operation: ForEach, loops: tuple[str, ...]) -> None:
        task = self._task(scope, f"{operation.id}_each", f"{operation.id} each", "g")
        self._router.loops[operation.id] = (scope, task, operation.results)
        body = self._scope(scope, task, f"an iteration of {operation.id}")
        self._later.append(partial(self._connect_loop, task, body, operation))
        self._enter_block(body, operation.body, (*loops, operation.id))

    def _enter_call(
        self, scope: Scope, call: Call, loops: tuple[str, ...], connect: Callable[[Task], None] | None = None
    ) -> None:
        step = self._pipeline.steps[call.step]
        task = self._enter_step(scope, call, step, static_invocation(call, step, is_cached=self._has_store))
        if connect is not None:
            self._later.append(partial(connect, task))
        self._later.append(partial(self._connect_call, task, loops))

    def _enter_step(self, scope: Scope, call: Call, step: StepDef, invocation: StaticInvocation) -> StepTask:
        plain = self._task(scope, call.id, call.id, "s")
        outputs = _output_ports(call, step)
        task = StepTask(
            plain.key, call.id, scope, plain.component, call=call, step=step, invocation=invocation, outputs=outputs
        )
        task.image = _image(call.id, self._images) if self._images else None
        scope.tasks[task.key] = task
        self._router.tasks[call.id] = task
        return task

    def _connect_call(self, task: StepTask, loops: tuple[str, ...]) -> None:
        self._take_code(task)
        facts = {
            leaf.kind for value in task.call.arguments.values() for leaf in leaves(value) if isinstance(leaf, RunFact)
        }
        if self._has_store or facts & {"run_id", "random"}:
            self._take(task, code.RUN)
        if "start_time" in facts:
            self._take(task, code.STARTED)
        keys = Keys(*task.inputs, *code.RESERVED)
        slots = {leaf: slot for slot, leaf in task.invocation.slots.items()}
        for loop in loops:
            index = Item(loop, INT)
            key = keys.field(slots.get(index, loop))
            self._router.bring(task, key, index)
            task.loops.append(key)
        for slot, leaf in task.invocation.slots.items():
            if isinstance(leaf, Item):
                task.slots[slot] = task.inputs[task.loops[loops.index(leaf.operation)]][0]
            else:
                task.slots[slot] = self._router.bring(task, keys.field(slot), leaf)
        if self._state is not None and task.call.step in self._state[1]:
            port = self._router.bring(task, keys.field("pipec_state"), Output(self._state[0], "state", ANY))
            task.state = port.key
        for before in task.call.after:
            self._router.order(task, before)

    def _connect_dag(self, task: Task, operation: If | ForEach | Group) -> None:
        self._take_code(task)
        for before in operation.after:
            self._router.order(task, before)

    def _connect_arm(self, operation: If, index: int, task: Task) -> None:
        """Give the task of an arm its condition, and the inputs that it reads, under the keys that they have around it."""
        from pipec.backends.kubeflow.conditions import arm_condition, read_by

        self._take_code(task)
        keys: dict[Param | Output, str] = {}
        for leaf in read_by(operation):
            port = self._router.bring_through(task, leaf)
            keys[leaf] = port.key
            _known_inside(task, leaf, port)
        task.condition = arm_condition(operation, index, lambda leaf: keys[leaf])

    def _connect_loop(self, task: Task, body: Scope, operation: ForEach) -> None:
        self._take_code(task)
        limit = operation.max_parallelism
        item = Port(body.input_keys.field(operation.id), "parameter", "NUMBER_INTEGER")
        body.inputs[*identity(Item(operation.id, INT)), "parameter"] = item
        match operation.items:
            case Output() as indices:
                port = self._router.bring_through(task, indices)
                _known_inside(task, indices, port)
                task.iteration = Iteration(item, port.key, None, limit)
            case Const(value=indices):
                # The number of iterations of KFP's loops is never 0; see `pipec.runtime.kubeflow`.
                task.iteration = Iteration(item, None, text(indices or [BLANK]), limit)
            case items:
                raise AssertionError(f"gates make no such items: {items}")

    def _take_code(self, task: Task) -> None:
        """Hand the program to the task, where it needs one, or something inside it may."""
        has_code = isinstance(task, StepTask) and task.image is not None and task.image.has_code
        if self._carries_code and not has_code:
            self._take(task, code.INPUT)

    def _take(self, task: Task, key: str) -> None:
        """Hand what the spec gives to the wrapper down to the task, through every scope around it."""
        port = Port(key, "parameter", "STRING")
        holder: Task | None = task
        while holder is not None and key not in holder.inputs:
            holder.take(port, Source(key))
            holder = holder.scope.task

    def _results(self, root: Scope) -> dict[str, Port]:
        keys, results = Keys(), dict[str, Port]()
        for output in self._pipeline.outputs:
            value = output.value
            assert isinstance(value, Output), "`settle` leaves no other result"
            form = self._router.visible_form(value)
            inner, port = self._router.export(root, value, form)
            own = replace(port, key=keys.field(output.name))
            root.outputs[output.name, "", form] = (own, (inner,))
            results[output.name] = own
        return results


def _known_inside(task: Task, leaf: Param | Output, port: Port) -> None:
    """Let what is inside the task read an input that the task itself needs."""
    inner = task.scope.scopes.get(task.key)
    if inner is not None:
        inner.inputs[*identity(leaf), "parameter"] = replace(port, key=inner.input_keys.field(port.key))


def _repeated(keys: Sequence[str]) -> list[str]:
    counts = Counter(keys)
    return [key for key, count in counts.items() if count > 1]


def _output_ports(call: Call, step: StepDef) -> dict[tuple[str, Form], Port]:
    keys = Keys()
    ports: dict[tuple[str, Form], Port] = {}
    for output in step.outputs:
        if output.carrier == "artifact":
            ports[output.name, "artifact"] = artifact_port(keys.field(output.name), output.type)
        if output.carrier == "parameter" or output.name in call.mirrored:
            key = keys.field(output.name + ("" if output.carrier == "parameter" else "_json"))
            ports[output.name, "parameter"] = gate_port(key, step.symbol, output.name) or parameter_port(key)
    return ports
