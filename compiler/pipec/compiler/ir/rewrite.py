"""Changed copies of values and operations; nothing is mutated and what does not change is shared.

`rewrite` is the frame of most passes: it hands each operation, its bodies already done, to a function that gives back
what stands in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Arm, Block, Call, ForEach, Group, If
from pipec.compiler.ir.values import DictOf, Expr, ListOf
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.ir.model import Operation
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf


def map_leaves(value: Value, change: Callable[[Leaf], Value]) -> Value:
    """The value with each leaf replaced by what `change` gives for it; the same object where nothing changes."""
    match value:
        case ListOf(items=items):
            changed = tuple(map_leaves(item, change) for item in items)
            return value if _same(items, changed) else replace(value, items=changed)
        case DictOf(entries=entries):
            entered = tuple((key, map_leaves(item, change)) for key, item in entries)
            same = all(old[1] is new[1] for old, new in zip(entries, entered, strict=True))
            return value if same else replace(value, entries=entered)
        case Expr(operands=operands):
            changed = tuple(map_leaves(item, change) for item in operands)
            return value if _same(operands, changed) else replace(value, operands=changed)
        case _:
            return change(value)


def _same(before: Sequence[object], after: Sequence[object]) -> bool:
    return all(old is new for old, new in zip(before, after, strict=True))


def map_values(operation: Operation, change: Callable[[Value], Value]) -> Operation:
    """The operation with every value that it holds replaced: also its label and results, not what its bodies hold."""
    match operation:
        case Call(arguments=arguments, label=label):
            return replace(
                operation,
                arguments={name: change(value) for name, value in arguments.items()},
                label=None if label is None else change(label),
            )
        case If(arms=arms, results=results):
            return replace(
                operation,
                arms=tuple(Arm(None if arm.condition is None else change(arm.condition), arm.body) for arm in arms),
                results={name: tuple(map(change, values)) for name, values in results.items()},
            )
        case ForEach(items=items, results=collected):
            return replace(
                operation,
                items=change(items),
                results={name: change(value) for name, value in collected.items()},
            )
        case Group(results=named):
            return replace(operation, results={name: change(value) for name, value in named.items()})


def rewrite(block: Block, change: Callable[[Operation], Sequence[Operation]]) -> Block:
    """The block with each operation, innermost first, replaced by the operations that `change` gives for it.

    What `change` gives stands in the same block, in the place of what it was given. Bodies are taken in the order of
    the source. A block in which nothing changes is the same object. Recursive: its depth is that of the nesting.
    """
    rewritten: list[Operation] = []
    is_same = True
    for operation in block.operations:
        inside = _with_bodies(operation, change)
        outcome = change(inside)
        is_same = is_same and len(outcome) == 1 and outcome[0] is operation
        rewritten.extend(outcome)
    return block if is_same else Block(tuple(rewritten))


def _with_bodies(operation: Operation, change: Callable[[Operation], Sequence[Operation]]) -> Operation:
    match operation:
        case Call():
            return operation
        case If(arms=arms):
            bodies = [rewrite(arm.body, change) for arm in arms]
            if all(arm.body is body for arm, body in zip(arms, bodies, strict=True)):
                return operation
            return replace(
                operation,
                arms=tuple(Arm(arm.condition, body) for arm, body in zip(arms, bodies, strict=True)),
            )
        case ForEach(body=body) | Group(body=body):
            inside = rewrite(body, change)
            return operation if inside is body else replace(operation, body=inside)
