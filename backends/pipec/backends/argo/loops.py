"""Plans a loop: a DAG template with one task that runs once for each index, so that whoever waits waits for all.

    - name: for-model
      inputs: {parameters: [{name: models}]}
      dag:
        tasks:
          - name: train
            template: train
            withSequence: {count: "{{= len(fromJSON(inputs.parameters['models'])) }}"}
            arguments: {parameters: [{name: model, value: "{{item}}"}, …]}
      outputs:
        parameters:
          - name: score
            valueFrom:
              expression: "tasks['train'].status == 'Skipped' ? '[]' : tasks['train'].outputs.parameters['score']"

A loop without items is a skipped task, which has no outputs: hence the expression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.conditions import count as count_expression
from pipec.backends.argo.model import Let, Scope, Task
from pipec.backends.argo.plan import Inside
from pipec.compiler.ir.values import Const, Expr, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipec.backends.argo.plan import Body, Plan, Reads
    from pipec.compiler.ir.model import Block, ForEach

    PlanBody = Callable[[Plan, Block, str, str, Mapping[str, Output]], Body]


def plan_loop(plan: Plan, loop: ForEach, name: str, plan_body: PlanBody) -> Reads:
    """Adds the DAG template of the loop and those of its body; gives what it reads."""
    index = plan.reserve()
    exports = {name: leaf for name, leaf in _collected(plan, loop).items() if plan.carriers.is_parameter(leaf)}
    body = plan_body(plan, loop.body, f"{loop.id}-each", f"One iteration of `{loop.id}`", exports)
    inside = Inside(plan.carriers, loop=loop.id)
    count, counted = _count(loop, inside)
    task = Task(
        body.template,
        body.template,
        (),
        {name: inside.parameter(leaf) for name, leaf in body.reads.parameters.items()},
        {name: inside.artifact(leaf) for name, leaf in body.reads.artifacts.items()},
        count=count,
    )
    parameters: list[Let] = []
    for export, each in plan.carriers.exports.get(loop.id, {}).items():
        if not each.leaves:
            parameters.append(Let(export, expression=counted))
        elif export in exports:
            outputs = f"tasks['{body.template}'].outputs.parameters['{body.outlets[export]}']"
            text = f"tasks['{body.template}'].status == 'Skipped' ? '[]' : {outputs}"
            parameters.append(Let(export, expression=text))
    note = (f"Loop `for {loop.variable}`",)
    plan.scopes[index] = Scope(
        name, note, inside.inputs(), (task,), tuple(parameters), parallelism=loop.max_parallelism
    )
    return inside.reads()


def _collected(plan: Plan, loop: ForEach) -> dict[str, Output]:
    exports = plan.carriers.exports.get(loop.id, {})
    return {name: leaf for name, export in exports.items() for leaf in export.leaves if isinstance(leaf, Output)}


def _count(loop: ForEach, inside: Inside) -> tuple[str, str]:
    """How often the task runs, as text of `withSequence` and as an expression."""
    match loop.items:
        case Const(value=list() | tuple() as items):
            return str(len(items)), f"'{len(items)}'"
        case Expr(op="range", operands=(Expr(op="len", operands=(items,)),)):
            text = count_expression(items, lambda leaf: inside.input(leaf, "parameters"))
            return f"{{{{= {text} }}}}", f"string({text})"
        case Expr(op="range", operands=(Output() as number,)):
            name = inside.input(number, "parameters")
            return f"{{{{inputs.parameters.{name}}}}}", f"inputs.parameters['{name}']"
        case _:
            raise AssertionError(f"{loop.items} was left by the gates")
