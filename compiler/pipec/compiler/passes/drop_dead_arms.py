"""Takes out arms that never run, and `If`s of which one arm always runs, with the steps that nothing calls any more.

The operations of an arm that always runs take the place of the `If`: they wait for what it waited for, what read its
results reads theirs, and what waited for it waits for them.

Before:   if_1 = if false
              a = call steps:a()
            else
              b = call steps:b()
            -> (r = %a.output | %b.output)
          c = call steps:c(x=%if_1.r) after [if_1]
After:    b = call steps:b()
          c = call steps:c(x=%b.output) after [b]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.constants import truth
from pipec.compiler.ir.model import Arm, Block, If
from pipec.compiler.ir.rewrite import map_leaves, map_values, rewrite
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.walk import calls, operations
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    if not any(isinstance(operation, If) and _is_decided(operation) for operation in operations(pipeline.body)):
        return pipeline, []
    inlined = _Inlined({}, {}, set())
    body = rewrite(pipeline.body, inlined.simplify)
    body = rewrite(body, inlined.redirect)
    outputs = tuple(replace(output, value=inlined.value(output.value)) for output in pipeline.outputs)
    called = {call.step for call in calls(body)}
    steps = {symbol: step for symbol, step in pipeline.steps.items() if symbol in called}
    return replace(pipeline, body=body, outputs=outputs, steps=steps), []


def _is_decided(operation: If) -> bool:
    return any(_known(arm) is not None for arm in operation.arms if arm.condition is not None)


def _known(arm: Arm) -> bool | None:
    """What the condition of the arm is, if that is known; an `else` always holds."""
    if arm.condition is None:
        return True
    return truth(arm.condition.value) if isinstance(arm.condition, Const) else None


@dataclass(frozen=True, slots=True)
class _Inlined:
    """What became of the `If`s that are gone, and which operations are gone with them.

    Attributes:
        results: the value of each of their results.
        order: what to wait for instead of each.
        gone: ids inside arms that were taken out.
    """

    results: dict[tuple[str, str], Value]
    order: dict[str, tuple[str, ...]]
    gone: set[str]

    def simplify(self, operation: Operation) -> Sequence[Operation]:
        if not isinstance(operation, If) or not _is_decided(operation):
            return (operation,)
        kept = _arms_that_may_run(operation)
        for index, arm in enumerate(operation.arms):
            if index not in kept:
                self.gone.update(inside.id for inside in operations(arm.body))
        if kept and _known(operation.arms[kept[0]]):
            return self._inline(operation, kept[0])
        if not kept:
            return self._inline(operation, None)
        arms = [operation.arms[index] for index in kept]
        if _known(arms[-1]):
            arms[-1] = Arm(None, arms[-1].body)
        results = {name: tuple(values[index] for index in kept) for name, values in operation.results.items()}
        return (replace(operation, arms=tuple(arms), results=results),)

    def _inline(self, operation: If, index: int | None) -> Sequence[Operation]:
        body = Block() if index is None else operation.arms[index].body
        for name, values in operation.results.items():
            if index is not None:
                self.results[operation.id, name] = values[index]
        self.order[operation.id] = tuple(inside.id for inside in body.operations) or operation.after
        if not operation.after:
            return body.operations
        return [replace(inside, after=_unique(inside.after + operation.after)) for inside in body.operations]

    def redirect(self, operation: Operation) -> Sequence[Operation]:
        redirected = map_values(operation, self.value) if self.results else operation
        after = _unique(tuple(target for id_ in operation.after for target in self.targets(id_)))
        return (redirected if after == operation.after else replace(redirected, after=after),)

    def targets(self, id_: str) -> tuple[str, ...]:
        if id_ in self.gone:
            return ()
        if id_ not in self.order:
            return (id_,)
        return tuple(target for inner in self.order[id_] for target in self.targets(inner))

    def value(self, value: Value) -> Value:
        return map_leaves(value, self._leaf)

    def _leaf(self, leaf: Leaf) -> Value:
        if isinstance(leaf, Output) and (leaf.operation, leaf.name) in self.results:
            return self.value(self.results[leaf.operation, leaf.name])
        return leaf


def _arms_that_may_run(operation: If) -> list[int]:
    """Indices of the arms up to the first that always runs, without those that never do."""
    kept: list[int] = []
    for index, arm in enumerate(operation.arms):
        known = _known(arm)
        if known is not False:
            kept.append(index)
        if known:
            break
    return kept


def _unique(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
