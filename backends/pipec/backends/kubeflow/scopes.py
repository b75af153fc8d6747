"""Scopes: KFP's DAGs, and how a value gets from the task that makes it to the task that reads it.

KFP's tasks see their siblings' outputs and the inputs of the DAG around them, nothing else. So a value climbs out of
its DAG through outputs up to the scope that both ends share, and down to its reader through inputs. Every task on the
way in waits for its sibling that brings the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipec.backends.kubeflow.names import Keys
from pipec.backends.kubeflow.parameters import parameter_type
from pipec.compiler.ir.values import Item, Output, Param
from pipec.compiler.ir.walk import identity
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipec.compiler.images.model import StepImage
    from pipec.compiler.invocation import StaticInvocation
    from pipec.compiler.ir.model import Call, Parameter, StepDef
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json, Value
    from pipec.compiler.ir.walk import Captured

Form = Literal["parameter", "artifact"]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes:
        type: a `parameterType`, or the `schemaTitle` of an artifact.
        is_list: it holds one value for each iteration of a loop.
        blank: of a native output of a gate, what it is in a blank iteration; see `pipec.runtime.kubeflow`.
    """

    key: str
    form: Form
    type: str
    is_list: bool = False
    blank: Json = None


@dataclass(frozen=True, slots=True)
class Inner:
    """Where an output of a DAG comes from: an output of one of its tasks."""

    task: str
    key: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task gets an input: the input `key` of the DAG around it, or that output of its sibling `task`."""

    key: str
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Iteration:
    """What a task is repeated over: an input of its own that is a list, or the text of a constant list.

    Attributes:
        item: the input of the component that gets the item.
        limit: how many iterations run at once.
    """

    item: Port
    input: str | None
    raw: str | None
    limit: int | None


@dataclass(slots=True)
class Task:
    """A task in a scope: a step, or a scope of its own.

    Attributes:
        condition: CEL over its own inputs; empty where it always runs.
    """

    key: str
    label: str
    scope: Scope
    component: str
    inputs: dict[str, tuple[Port, Source]] = field(default_factory=dict[str, "tuple[Port, Source]"])
    waits: dict[str, None] = field(default_factory=dict[str, None])
    condition: str = ""
    iteration: Iteration | None = None

    def take(self, port: Port, source: Source) -> None:
        """Enter an input; a sibling that makes it is waited for."""
        self.inputs[port.key] = (port, source)
        if source.task is not None:
            self.waits[source.task] = None


@dataclass(slots=True)
class StepTask(Task):
    """The task of a call.

    Attributes:
        loops: the inputs that hold the index in each loop around it, outermost first.
        state: the input that holds what `on_init` returned; empty where the step does not read it.
        hooks: of a task that runs hooks of the run, their static invocations; then `call` and `step` are stand-ins.
        is_exit: it runs when all before it has ended, however.
        image: the image that it runs in, where pipec's images are used.
    """

    call: Call = field(kw_only=True)
    step: StepDef = field(kw_only=True)
    invocation: StaticInvocation = field(kw_only=True)
    outputs: Mapping[tuple[str, Form], Port] = field(kw_only=True)
    slots: dict[str, Port] = field(default_factory=dict[str, Port], kw_only=True)
    loops: list[str] = field(default_factory=list[str], kw_only=True)
    state: str = field(default="", kw_only=True)
    hooks: tuple[Mapping[str, Json], ...] = field(default=(), kw_only=True)
    is_exit: bool = field(default=False, kw_only=True)
    image: StepImage | None = field(default=None, kw_only=True)


@dataclass(slots=True)
class Scope:
    """A DAG: the root, the wrapper, a nested pipeline, a condition, one of its arms, a loop, its body.

    Attributes:
        task: the task of the parent that runs it; None for the root.
        note: what a reader of the spec is told.
        outputs: what leaves it, with where that comes from, by producing operation, output and form. Of several places
            one puts it out in a run.
    """

    task: Task | None = None
    note: str = ""
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    scopes: dict[str, Scope] = field(default_factory=dict[str, "Scope"])
    inputs: dict[tuple[object, ...], Port] = field(default_factory=dict[tuple[object, ...], Port])
    outputs: dict[tuple[str, str, Form], tuple[Port, tuple[Inner, ...]]] = field(
        default_factory=dict[tuple[str, str, Form], "tuple[Port, tuple[Inner, ...]]"]
    )
    task_keys: Keys = field(default_factory=Keys)
    input_keys: Keys = field(default_factory=Keys)
    output_keys: Keys = field(default_factory=Keys)

    @property
    def parent(self) -> Scope | None:
        """The scope around it."""
        return None if self.task is None else self.task.scope

    def path(self) -> Iterator[Scope]:
        """The scope and those around it, inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


class Router:
    """Lays the way of every value.

    Attributes:
        tasks: the task of each operation, by the operation's id.
        branches: the scope and the results of each condition.
        loops: the scope and the task of the iterations of each loop, and its results.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.branches: dict[str, tuple[Scope, Mapping[str, tuple[Value, ...]]]] = {}
        self.loops: dict[str, tuple[Scope, Task, Mapping[str, Value]]] = {}

    def declare(self, root: Scope, parameter: Parameter) -> None:
        """Make a run parameter an input of the root, under its own name."""
        port = Port(root.input_keys.field(parameter.name), "parameter", parameter_type(parameter))
        root.inputs["param", parameter.name, "parameter"] = port

    def bring(self, task: Task, key: str, leaf: Captured, form: Form | None = None) -> Port:
        """Give `task` the input `key` with the value of `leaf`."""
        source, port = self._find(task.scope, leaf, form or self.form_of(leaf))
        own = replace(port, key=key)
        task.take(own, source)
        return own

    def bring_through(self, task: Task, leaf: Captured) -> Port:
        """Give `task` the value of `leaf` under the key that the DAG around it has for it.

        `kfp.local` looks up what a condition or an iteration reads in the DAG around the task, KFP's backend among the
        task's own inputs.
        """
        source, port = self._find(task.scope, leaf, "parameter")
        assert source.task is None, "conditions and loops have a scope of their own"
        task.take(port, source)
        return port

    def order(self, task: Task, before: str) -> None:
        """Let `task`, or what holds it beside the operation `before`, wait for that operation."""
        earlier = self.tasks[before]
        around = {id(scope): holder for scope, holder in _holders(task)}
        for scope, holder in _holders(earlier):
            later = around.get(id(scope))
            if later is not None:
                if later is not holder:
                    later.waits[holder.key] = None
                return

    def form_of(self, leaf: Captured) -> Form:
        """How a step that reads the leaf gets it."""
        if not isinstance(leaf, Output):
            return "parameter"
        is_artifact = any((name, "artifact") in task.outputs for task, name in self._makers(leaf))
        return "artifact" if is_artifact else "parameter"

    def visible_form(self, leaf: Output) -> Form:
        """How a result of the pipeline is shown: as text where it travels as text, too."""
        is_shown = all((name, "parameter") in task.outputs for task, name in self._makers(leaf))
        return "parameter" if is_shown else "artifact"

    def _makers(self, leaf: Output) -> Iterator[tuple[StepTask, str]]:
        """The calls that make the value, with the output that it is of each."""
        pending: list[Value] = [leaf]
        while pending:
            top = pending.pop()
            assert isinstance(top, Output)
            task = self.tasks[top.operation]
            if isinstance(task, StepTask):
                yield task, top.name
            elif top.operation in self.loops:
                pending.append(self.loops[top.operation][2][top.name])
            else:
                pending.extend(self.branches[top.operation][1][top.name])

    def export(self, scope: Scope, leaf: Output, form: Form) -> tuple[Inner, Port]:
        """Which output of which task in `scope` has the value: that of the producer, or of the DAG that holds it."""
        port, holder = self._made(leaf, form)
        while holder.scope is not scope:
            inner = holder.scope
            assert inner.task is not None
            known = inner.outputs.get((leaf.operation, leaf.name, form))
            if known is None:
                key = inner.output_keys.field(f"{leaf.operation}_{leaf.name}")
                known = (replace(port, key=key), (Inner(holder.key, port.key),))
                inner.outputs[leaf.operation, leaf.name, form] = known
            port, holder = known[0], inner.task
        return Inner(holder.key, port.key), port

    def _made(self, leaf: Output, form: Form) -> tuple[Port, Task]:
        """The output of the operation itself, made where it is not there yet."""
        task = self.tasks[leaf.operation]
        if isinstance(task, StepTask):
            return task.outputs[leaf.name, form], task
        key = (leaf.operation, leaf.name, form)
        if leaf.operation in self.loops:
            scope, iterations, results = self.loops[leaf.operation]
            if key not in scope.outputs:
                scope.outputs[key] = self._collected(leaf, results[leaf.name], iterations, scope, form)
        else:
            scope, joins = self.branches[leaf.operation]
            if key not in scope.outputs:
                scope.outputs[key] = self._joined(leaf, joins[leaf.name], scope, form)
        return scope.outputs[key][0], task

    def _output_name(self, leaf: Output, form: Form) -> str:
        return leaf.name if form == self.form_of(leaf) else f"{leaf.name}_json"

    def _joined(
        self, leaf: Output, values: Sequence[Value], scope: Scope, form: Form
    ) -> tuple[Port, tuple[Inner, ...]]:
        inners: list[Inner] = []
        types: list[str] = []
        for value in values:
            assert isinstance(value, Output)
            inner, port = self.export(scope, value, form)
            inners.append(inner)
            types.append(port.type)
        type_ = types[0] if len(set(types)) == 1 else "system.Artifact"
        return Port(scope.output_keys.field(self._output_name(leaf, form)), form, type_), tuple(inners)

    def _collected(
        self, leaf: Output, value: Value, iterations: Task, scope: Scope, form: Form
    ) -> tuple[Port, tuple[Inner, ...]]:
        body = scope.scopes[iterations.key]
        assert isinstance(value, Output)
        inner, port = self.export(body, value, form)
        type_ = "LIST" if form == "parameter" else port.type
        name = self._output_name(leaf, form)
        collected = Port(body.output_keys.field(name), form, type_, is_list=True)
        body.outputs[leaf.operation, leaf.name, form] = (collected, (inner,))
        own = replace(collected, key=scope.output_keys.field(name))
        return own, (Inner(iterations.key, collected.key),)

    def _find(self, scope: Scope, leaf: Captured, form: Form) -> tuple[Source, Port]:
        key = (*identity(leaf), form)
        if key in scope.inputs:
            return Source(scope.inputs[key].key), scope.inputs[key]
        if isinstance(leaf, Output) and self._is_below(scope, leaf.operation):
            inner, port = self.export(scope, leaf, form)
            return Source(inner.key, inner.task), port
        assert scope.task is not None, "every parameter is declared at the root"
        source, port = self._find(scope.task.scope, leaf, form)
        port = replace(port, key=scope.input_keys.field(_name(leaf)))
        scope.task.take(port, source)
        scope.inputs[key] = port
        return Source(port.key), port

    def _is_below(self, scope: Scope, operation: str) -> bool:
        return any(each is scope for each in self.tasks[operation].scope.path())


def _holders(task: Task) -> Iterator[tuple[Scope, Task]]:
    """The task in its scope, then the task that holds that scope in the one around it, and so on."""
    holder: Task | None = task
    while holder is not None:
        yield holder.scope, holder
        holder = holder.scope.task


def _name(leaf: Captured) -> str:
    match leaf:
        case Param(name=name):
            return name
        case Output(operation=operation, name=name):
            return f"{operation}_{name}"
        case Item(operation=operation):
            return operation


BLANK = -1
"""The index of the one iteration of a loop over nothing, in which no step does anything."""

GATES = "pipec.runtime.gates:"
"""How the symbols of the steps of `pipec.compiler.gates` begin."""

_GATE_OUTPUTS: dict[tuple[str, str], tuple[str, Json]] = {
    ("arm", "output"): ("NUMBER_INTEGER", 0),
    ("count", "indices"): ("LIST", [BLANK]),
    ("count", "count"): ("NUMBER_INTEGER", 0),
    ("loop", "indices"): ("LIST", [BLANK]),
    ("loop", "count"): ("NUMBER_INTEGER", 0),
}


def gate_port(key: str, symbol: str, name: str) -> Port | None:
    """The output of a gate as a parameter that conditions and iterators read; None for other steps."""
    known = _GATE_OUTPUTS.get((symbol.removeprefix(GATES), name)) if symbol.startswith(GATES) else None
    return None if known is None else Port(key, "parameter", known[0], blank=known[1])


def parameter_port(key: str) -> Port:
    """An output or input that is canonical JSON text: what KFP's doubles would change arrives as it left."""
    return Port(key, "parameter", "STRING")


def artifact_port(key: str, type_: Type) -> Port:
    """An artifact with the schema title that its Python type has in KFP."""
    module = type_.name.partition(".")[0]
    title = "system.Artifact"
    if type_.name in _DATASETS:
        title = "system.Dataset"
    elif "." in type_.name and module in _MODEL_LIBRARIES:
        title = "system.Model"
    return Port(key, "artifact", title)


_DATASETS = frozenset(
    {
        "pandas.DataFrame",
        "pandas.Series",
        "polars.DataFrame",
        "polars.Series",
        "pyarrow.Table",
        "numpy.ndarray",
        "datasets.Dataset",
    }
)
_MODEL_LIBRARIES = frozenset({"sklearn", "xgboost", "lightgbm", "catboost", "keras"})
