"""Plans the DAG templates: one for the pipeline, one for each nested pipeline, branch and loop body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.branches import plan_branch
from pipec.backends.argo.calls import plan_call
from pipec.backends.argo.loops import plan_loop
from pipec.backends.argo.model import Let, Scope, Task
from pipec.backends.argo.names import parameter
from pipec.backends.argo.plan import Body, Inside
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import is_number_like
from pipec.compiler.ir.values import Output, Param
from pipec.compiler.ir.walk import dependencies, ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.argo.plan import Plan, Reads
    from pipec.compiler.ir.model import Block, Operation

MAIN = "main"


def plan_main(plan: Plan) -> None:
    """Plans the pipeline's own scope, and with it everything inside."""
    pipeline = plan.pipeline
    index = plan.reserve()
    texts = frozenset(one.name for one in pipeline.parameters if not is_number_like(one.type))
    inside, tasks = _plan_tasks(plan, pipeline.body, texts)
    shown: list[tuple[str, Output]] = []
    given: list[Let] = []
    for output in pipeline.outputs:
        leaf = output.value
        assert isinstance(leaf, Output | Param), "`flatten` leaves single results"
        if isinstance(leaf, Param):
            # A tag would be replaced by the text before Argo looks it up.
            read = f"inputs.parameters['{inside.input(leaf, 'parameters')}']"
            given.append(Let(parameter(output.name), expression=read))
        else:
            shown.append((parameter(output.name), leaf))
    parameters, artifacts = inside.let_out(shown)
    note = (f"{source_name(pipeline.symbol)}",)
    plan.scopes[index] = Scope(MAIN, note, inside.inputs(), tasks, (*parameters, *given), artifacts)


def source_name(symbol: str) -> str:
    """`steps.train:train` as people look for it: `steps/train.py::train`."""
    module, _, name = symbol.partition(":")
    return f"{module.replace('.', '/')}.py::{name}"


def _plan_tasks(plan: Plan, block: Block, texts: frozenset[str] = frozenset()) -> tuple[Inside, tuple[Task, ...]]:
    inside = Inside(plan.carriers, texts=texts)
    for operation in block.operations:
        inside.tasks[operation.id] = plan.names.label(operation.id)
    scope = ids(block)
    return inside, tuple(_plan_task(plan, inside, operation, scope) for operation in block.operations)


def _plan_task(plan: Plan, inside: Inside, operation: Operation, scope: frozenset[str]) -> Task:
    name = inside.tasks[operation.id]
    depends = tuple(inside.tasks[id_] for id_ in dependencies(operation, scope))
    reads = _plan_operation(plan, operation, name)
    return Task(
        name,
        name,
        depends,
        {name: inside.parameter(leaf) for name, leaf in reads.parameters.items()},
        {name: inside.artifact(leaf) for name, leaf in reads.artifacts.items()},
    )


def _plan_operation(plan: Plan, operation: Operation, name: str) -> Reads:
    """Adds the template of one operation and those inside it; gives what it reads."""
    match operation:
        case Call():
            return plan_call(plan, operation, name)
        case Group():
            return _plan_group(plan, operation, name)
        case If():
            return plan_branch(plan, operation, name, plan_body)
        case ForEach():
            return plan_loop(plan, operation, name, plan_body)


def _plan_group(plan: Plan, group: Group, name: str) -> Reads:
    index = plan.reserve()
    inside, tasks = _plan_tasks(plan, group.body)
    exports = plan.carriers.exports.get(group.id, {})
    parameters, artifacts = inside.let_out((name, _only(export.leaves)) for name, export in exports.items())
    note = (f"Nested pipeline `{group.pipeline}`" if group.pipeline else "A part of the steps: a DAG takes no more",)
    plan.scopes[index] = Scope(name, note, inside.inputs(), tasks, parameters, artifacts)
    return inside.reads()


def _only(leaves: tuple[object, ...]) -> Output:
    (leaf,) = leaves
    assert isinstance(leaf, Output), "a nested pipeline lets outputs out"
    return leaf


def plan_body(plan: Plan, block: Block, label: str, note: str, exports: Mapping[str, Output]) -> Body:
    """The arm of a branch or the body of a loop as one template: that of its one operation, else a DAG.

    Args:
        plan: the plan.
        block: one operation or more.
        label: what a DAG is called.
        note: the comment above a DAG.
        exports: what leaves the body, by name.
    """
    if len(block.operations) == 1:
        (operation,) = block.operations
        name = plan.names.label(operation.id)
        reads = _plan_operation(plan, operation, name)
        return Body(name, reads, {export: parameter(leaf.name) for export, leaf in exports.items()})
    name = plan.names.label(label)
    index = plan.reserve()
    inside, tasks = _plan_tasks(plan, block)
    parameters, artifacts = inside.let_out(exports.items())
    plan.scopes[index] = Scope(name, (note,), inside.inputs(), tasks, parameters, artifacts)
    return Body(name, inside.reads(), {export: export for export in exports})
