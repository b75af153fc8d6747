"""Scopes: KFP's DAGs, and how a value gets from the task that makes it to the task that reads it.

KFP's tasks see their siblings' outputs and the inputs of the DAG around them, nothing else. So a value climbs out of
its DAG through outputs up to the scope that both ends share, and down to its reader through inputs. Every task on the
way in waits for its sibling that brings the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipec.backends.kubeflow.names import Keys
from pipec.backends.kubeflow.parameters import parameter_type
from pipec.compiler.ir.values import Output, Param
from pipec.compiler.ir.walk import identity
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.invocation import StaticInvocation
    from pipec.compiler.ir.model import Call, Group, Parameter, StepDef
    from pipec.compiler.ir.types import Type

Form = Literal["parameter", "artifact"]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes:
        type: a `parameterType`, or the `schemaTitle` of an artifact.
    """

    key: str
    form: Form
    type: str


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


@dataclass(slots=True)
class Task:
    """A task in a scope: a step, or a scope of its own."""

    key: str
    label: str
    scope: Scope
    component: str
    inputs: dict[str, tuple[Port, Source]] = field(default_factory=dict[str, "tuple[Port, Source]"])
    waits: dict[str, None] = field(default_factory=dict[str, None])

    def take(self, port: Port, source: Source) -> None:
        """Enter an input; a sibling that makes it is waited for."""
        self.inputs[port.key] = (port, source)
        if source.task is not None:
            self.waits[source.task] = None


@dataclass(slots=True)
class StepTask(Task):
    """The task of a call."""

    call: Call = field(kw_only=True)
    step: StepDef = field(kw_only=True)
    invocation: StaticInvocation = field(kw_only=True)
    outputs: Mapping[tuple[str, Form], Port] = field(kw_only=True)
    slots: dict[str, Port] = field(default_factory=dict[str, Port], kw_only=True)


@dataclass(slots=True)
class Scope:
    """A DAG: the root, the wrapper or a nested pipeline.

    Attributes:
        task: the task of the parent that runs it; None for the root.
        group: the nested pipeline, if it is one.
        outputs: what leaves it, with where that comes from, by producing operation, output and form.
    """

    task: Task | None = None
    group: Group | None = None
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    scopes: dict[str, Scope] = field(default_factory=dict[str, "Scope"])
    inputs: dict[tuple[object, ...], Port] = field(default_factory=dict[tuple[object, ...], Port])
    outputs: dict[tuple[str, str, Form], tuple[Port, Inner]] = field(
        default_factory=dict[tuple[str, str, Form], "tuple[Port, Inner]"]
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
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}

    def declare(self, root: Scope, parameter: Parameter) -> None:
        """Make a run parameter an input of the root, under its own name."""
        port = Port(root.input_keys.field(parameter.name), "parameter", parameter_type(parameter))
        root.inputs[("param", parameter.name, "parameter")] = port

    def bring(self, task: Task, key: str, leaf: Param | Output, form: Form | None = None) -> Port:
        """Give `task` the input `key` with the value of `leaf`."""
        source, port = self._find(task.scope, leaf, form or self.form_of(leaf))
        own = Port(key, port.form, port.type)
        task.take(own, source)
        return own

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

    def form_of(self, leaf: Param | Output) -> Form:
        """How a step that reads the leaf gets it."""
        if isinstance(leaf, Param):
            return "parameter"
        task = self.tasks[leaf.operation]
        assert isinstance(task, StepTask)
        return "artifact" if (leaf.name, "artifact") in task.outputs else "parameter"

    def visible_form(self, leaf: Output) -> Form:
        """How a result of the pipeline is shown: as text where it travels as text, too."""
        task = self.tasks[leaf.operation]
        assert isinstance(task, StepTask)
        return "parameter" if (leaf.name, "parameter") in task.outputs else "artifact"

    def export(self, scope: Scope, leaf: Output, form: Form) -> tuple[Inner, Port]:
        """Which output of which task in `scope` has the value: that of the producer, or of the DAG that holds it."""
        producer = self.tasks[leaf.operation]
        assert isinstance(producer, StepTask)
        port, task = producer.outputs[leaf.name, form], producer
        holder: Task = task
        while holder.scope is not scope:
            inner = holder.scope
            assert inner.task is not None
            known = inner.outputs.get((leaf.operation, leaf.name, form))
            if known is None:
                key = inner.output_keys.field(f"{leaf.operation}_{leaf.name}")
                known = (Port(key, form, port.type), Inner(holder.key, port.key))
                inner.outputs[leaf.operation, leaf.name, form] = known
            port, holder = known[0], inner.task
        return Inner(holder.key, port.key), port

    def _find(self, scope: Scope, leaf: Param | Output, form: Form) -> tuple[Source, Port]:
        key = (*identity(leaf), form)
        if key in scope.inputs:
            return Source(scope.inputs[key].key), scope.inputs[key]
        if isinstance(leaf, Output) and self._is_below(scope, leaf.operation):
            inner, port = self.export(scope, leaf, form)
            return Source(inner.key, inner.task), port
        assert scope.task is not None, "every parameter is declared at the root"
        source, port = self._find(scope.task.scope, leaf, form)
        name = leaf.name if isinstance(leaf, Param) else f"{leaf.operation}_{leaf.name}"
        port = Port(scope.input_keys.field(name), port.form, port.type)
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
