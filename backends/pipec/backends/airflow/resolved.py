"""What a step reads, said of the calls that make it: results of groups, conditions and loops are followed inside.

Operations that `pipec.runtime.airflow_inputs` carries out, or writes out, before the step's process starts:

    pick(%gate.output, a, b, …)    the value of the arm that ran; nothing else of it is looked at
    each(value)                    a list: the value once for each iteration of a loop, whose leaves are read in turn
    each(value, count)             the same where the leaves alone do not say how many iterations there were
    position(n)                    the index of the n-th `each` around it
    first(a, b, …)                 the number of the first condition that holds, or how many there are

Before:   report(model=%if_1.model, all=%for_x.scores)
After:    report(model=pick(%if_1_gate.output, %big.model, %small.model), all=each(%score.output))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.rewrite import map_leaves
from pipec.compiler.ir.types import ANY, INT
from pipec.compiler.ir.values import Const, Expr, Item, Output
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Operation
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf

Scope = tuple[str, str, int]
"""A body around an operation: `arm`, `loop` or `group`, the id of what it belongs to, and the number of an arm."""

Path = tuple[Scope, ...]
"""All bodies around an operation, from the outside in."""


def loops_of(path: Path) -> tuple[str, ...]:
    """The ids of the loops among some bodies."""
    return tuple(id_ for kind, id_, _ in path if kind == "loop")


def gate_of(condition: If) -> Value | None:
    """The number of the arm that runs, where that is open: `insert_gates` has put a gate before each condition."""
    first = condition.arms[0].condition
    return first.operands[0] if isinstance(first, Expr) else None


def first_of(pick: Value) -> Value:
    """What a gate computes, `if(a, 0, if(b, 1, 2))`, as `first(a, b)`."""
    conditions: list[Value] = []
    while isinstance(pick, Expr) and pick.op == "if":
        conditions.append(pick.operands[0])
        pick = pick.operands[2]
    return Expr("first", tuple(conditions), INT)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Follows results inside.

    Attributes:
        operations: all operations of the pipeline, gates included, by id.
        paths: the bodies around each.
    """

    operations: Mapping[str, Operation]
    paths: Mapping[str, Path]

    def resolve(self, value: Value, own: tuple[str, ...]) -> Value:
        """The value as a task inside the loops `own` reads it."""
        return self._resolve(value, own, ())

    def _resolve(self, value: Value, own: tuple[str, ...], each: tuple[str, ...]) -> Value:
        def change(leaf: Leaf) -> Value:
            if isinstance(leaf, Item) and leaf.operation not in own:
                return Expr("position", (Const(each.index(leaf.operation), INT),), INT)
            return self._output(leaf, own, each) if isinstance(leaf, Output) else leaf

        return map_leaves(value, change)

    def _output(self, leaf: Output, own: tuple[str, ...], each: tuple[str, ...]) -> Value:
        operation = self.operations[leaf.operation]
        match operation:
            case Call():
                return leaf
            case Group(results=results):
                return self._resolve(results[leaf.name], own, each)
            case If(results=arms):
                values = [self._resolve(value, own, each) for value in arms[leaf.name]]
                gate = gate_of(operation)
                return values[0] if gate is None else Expr("pick", (gate, *values), leaf.type)
            case ForEach(results=results):
                value = self._resolve(results[leaf.name], own, (*each, operation.id))
                counted = () if self._is_complete(value, operation) else (self._count(operation),)
                return Expr("each", (value, *counted), leaf.type)

    def _is_complete(self, value: Value, loop: ForEach) -> bool:
        """Whether every iteration of the loop makes the value, so that there are as many as there are iterations."""
        if not isinstance(value, Output):
            return False
        path = self.paths[value.operation]
        inside = path[path.index(("loop", loop.id, 0)) + 1 :] if ("loop", loop.id, 0) in path else None
        return inside is not None and all(kind == "group" for kind, _, _ in inside)

    def _count(self, loop: ForEach) -> Value:
        items = loop.items
        if isinstance(items, Output) and loops_of(self.paths[loop.id]):
            return Output(items.operation, "count", INT)
        return items if isinstance(items, Output) else Const(items.value if isinstance(items, Const) else [], ANY)
