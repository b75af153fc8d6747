"""Plans the DAG templates: one for the pipeline, one for each nested pipeline, each reading only its own inputs.

A body may read what lies around it; a DAG template cannot. So each scope declares as inputs what it and the scopes
inside it read from outside, and whoever calls it hands that over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.model import ArtifactOutput, Inputs, ParameterOutput, Scope, Step, Task
from pipec.backends.argo.names import Names, parameter
from pipec.backends.argo.settings import container_fields
from pipec.backends.argo.steps import plan_step
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir.model import Call, Group
from pipec.compiler.ir.values import Item, Output, Param
from pipec.compiler.ir.walk import dependencies, ids
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.argo.results import Carriers, Flattened
    from pipec.compiler.ir.model import Block, Operation
    from pipec.compiler.ir.walk import Captured

MAIN = "main"


@dataclass(slots=True)
class Plan:
    """All templates, in the order in which they are printed, scopes before what they call."""

    flattened: Flattened
    carriers: Carriers
    image: str
    code_map: str
    names: Names = field(default_factory=Names)
    scopes: list[Scope | None] = field(default_factory=list[Scope | None])
    steps: list[Step] = field(default_factory=list[Step])


@dataclass(slots=True)
class _Inside:
    """A scope under construction: its tasks' names by operation, and what it takes from outside."""

    block: Block
    tasks: dict[str, str] = field(default_factory=dict[str, str])
    names: Names = field(default_factory=Names)
    taken: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    parameters: dict[str, Captured] = field(default_factory=dict[str, "Captured"])
    artifacts: dict[str, Captured] = field(default_factory=dict[str, "Captured"])


def plan_main(plan: Plan) -> None:
    """Plans the pipeline's own scope, and with it everything inside."""
    pipeline = plan.flattened.pipeline
    index = _reserve(plan)
    inside, tasks = _plan_tasks(plan, pipeline.body)
    parameters: list[ParameterOutput] = []
    artifacts: list[ArtifactOutput] = []
    for output in pipeline.outputs:
        name = parameter(output.name)
        leaf = output.value
        assert isinstance(leaf, Output | Param), "`checks` refuses other outputs"
        if isinstance(leaf, Param) or plan.carriers.has_parameter(leaf):
            parameters.append(ParameterOutput(name, _reference(plan, inside, leaf, as_parameter=True)))
        if isinstance(leaf, Output) and not plan.carriers.is_parameter(leaf):
            artifacts.append(ArtifactOutput(name, _reference(plan, inside, leaf, as_parameter=False)))
    note = (f"{source_name(pipeline.symbol)}",)
    plan.scopes[index] = Scope(MAIN, note, _inputs(inside), tasks, tuple(parameters), tuple(artifacts))


def source_name(symbol: str) -> str:
    """`steps.train:train` as people look for it: `steps/train.py::train`."""
    module, _, name = symbol.partition(":")
    return f"{module.replace('.', '/')}.py::{name}"


def _reserve(plan: Plan) -> int:
    """A scope is printed before those inside it, and known after them."""
    plan.scopes.append(None)
    return len(plan.scopes) - 1


def _plan_tasks(plan: Plan, block: Block) -> tuple[_Inside, tuple[Task, ...]]:
    inside = _Inside(block)
    for operation in block.operations:
        inside.tasks[operation.id] = plan.names.label(operation.id)
    scope = ids(block)
    return inside, tuple(_plan_task(plan, inside, operation, scope) for operation in block.operations)


def _plan_task(plan: Plan, inside: _Inside, operation: Operation, scope: frozenset[str]) -> Task:
    name = inside.tasks[operation.id]
    depends = tuple(inside.tasks[id_] for id_ in dependencies(operation, scope))
    match operation:
        case Call():
            parameters, artifacts = _plan_call(plan, operation, name)
        case Group():
            parameters, artifacts = _plan_group(plan, operation, name)
        case _:
            raise AssertionError(f"{operation} was refused by the ledger")
    return Task(
        name,
        name,
        depends,
        {name: _reference(plan, inside, leaf, as_parameter=True) for name, leaf in parameters.items()},
        {name: _reference(plan, inside, leaf, as_parameter=False) for name, leaf in artifacts.items()},
    )


def _plan_call(plan: Plan, call: Call, name: str) -> tuple[Mapping[str, Captured], Mapping[str, Captured]]:
    """Adds the container template; gives what its inputs read."""
    definition = plan.flattened.pipeline.steps[call.step]
    invocation = static_invocation(call, definition)
    parameters: dict[str, tuple[str, Captured]] = {}
    artifacts: dict[str, tuple[str, Captured]] = {}
    for slot, leaf in invocation.slots.items():
        is_artifact = isinstance(leaf, Output) and not plan.carriers.is_parameter(leaf)
        (artifacts if is_artifact else parameters)[parameter(slot)] = (slot, leaf)
    plan.steps.append(
        plan_step(
            name,
            call,
            definition,
            invocation.spec,
            {legal: slot for legal, (slot, _) in parameters.items()},
            {legal: slot for legal, (slot, _) in artifacts.items()},
            container_fields(call, plan.image, plan.code_map),
        )
    )
    return {name: leaf for name, (_, leaf) in parameters.items()}, {name: leaf for name, (_, leaf) in artifacts.items()}


def _plan_group(plan: Plan, group: Group, name: str) -> tuple[Mapping[str, Captured], Mapping[str, Captured]]:
    index = _reserve(plan)
    inside, tasks = _plan_tasks(plan, group.body)
    parameters: list[ParameterOutput] = []
    artifacts: list[ArtifactOutput] = []
    for export, leaf in plan.flattened.exports[group.id].items():
        if plan.carriers.has_parameter(leaf):
            parameters.append(ParameterOutput(export, _reference(plan, inside, leaf, as_parameter=True)))
        if not plan.carriers.is_parameter(leaf):
            artifacts.append(ArtifactOutput(export, _reference(plan, inside, leaf, as_parameter=False)))
    note = (f"Nested pipeline `{group.pipeline}`",)
    plan.scopes[index] = Scope(name, note, _inputs(inside), tasks, tuple(parameters), tuple(artifacts))
    return inside.parameters, inside.artifacts


def _inputs(inside: _Inside) -> Inputs:
    return Inputs(tuple(inside.parameters), dict.fromkeys(inside.artifacts, ""))


def _reference(plan: Plan, inside: _Inside, leaf: Captured, *, as_parameter: bool) -> str:
    """The tag by which a task in the scope reads the leaf; what lies outside becomes an input of the scope."""
    kind = "parameters" if as_parameter else "artifacts"
    if isinstance(leaf, Output) and leaf.operation in inside.tasks:
        return f"{{{{tasks.{inside.tasks[leaf.operation]}.outputs.{kind}.{parameter(leaf.name)}}}}}"
    return f"{{{{inputs.{kind}.{_taken(inside, leaf, kind)}}}}}"


def _taken(inside: _Inside, leaf: Captured, kind: str) -> str:
    match leaf:
        case Param(name=name):
            # An entry point's inputs are filled by name from the run's arguments.
            base = parameter(name)
        case Output(operation=operation, name=name):
            base = f"{parameter(operation)}-{parameter(name)}"
        case Item(operation=operation):
            base = f"{parameter(operation)}-item"
    key = (kind, repr(leaf.name if isinstance(leaf, Param) else (leaf.operation, getattr(leaf, "name", ""))))
    if key not in inside.taken:
        name = inside.taken[key] = inside.names.parameter(base)
        (inside.parameters if kind == "parameters" else inside.artifacts)[name] = leaf
    return inside.taken[key]
