"""Walks over the IR: every operation, what an operation reads, what a body takes from around it, who waits for whom.

Each function visits a node once. None recurses into bodies, so that no depth of nesting ends in a `RecursionError`.
`pipec.compiler.ir.rewrite` holds what makes changed copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from pipec.compiler.ir.model import Block, Operation
    from pipec.compiler.ir.values import Value

Leaf = Const | Param | Output | Item | Lazy | RunFact
"""A value that has no values in it."""

Captured = Param | Output | Item
"""A leaf that a body may read although it is made outside."""


def bodies(operation: Operation) -> tuple[Block, ...]:
    """The blocks directly inside an operation, in order; none for a call."""
    match operation:
        case Call():
            return ()
        case If(arms=arms):
            return tuple(arm.body for arm in arms)
        case ForEach(body=body) | Group(body=body):
            return (body,)


def operations(block: Block) -> Iterator[Operation]:
    """All operations of the block and of the bodies within, each before those inside it, in the order of the source."""
    stack = list(reversed(block.operations))
    while stack:
        operation = stack.pop()
        yield operation
        if not isinstance(operation, Call):
            for body in reversed(bodies(operation)):
                stack.extend(reversed(body.operations))


def calls(block: Block) -> Iterator[Call]:
    """All calls among `operations(block)`."""
    return (operation for operation in operations(block) if isinstance(operation, Call))


def values_of(operation: Operation) -> tuple[Value, ...]:
    """What the operation itself reads, in the scope that it stands in: arguments, conditions or items.

    Neither what its bodies read, nor its results, which belong to the scope inside (`results_of`), nor the label of a
    call, which is for people and makes no edge.
    """
    match operation:
        case Call(arguments=arguments):
            return tuple(arguments.values())
        case If(arms=arms):
            return tuple(arm.condition for arm in arms if arm.condition is not None)
        case ForEach(items=items):
            return (items,)
        case Group():
            return ()


def results_of(operation: Operation) -> tuple[Value, ...]:
    """What the bodies of the operation let out, read in the scope inside; nothing for a call."""
    match operation:
        case Call():
            return ()
        case If(results=arms):
            return tuple(value for values in arms.values() for value in values)
        case ForEach(results=results) | Group(results=results):
            return tuple(results.values())


def operands(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value."""
    match value:
        case ListOf(items=items):
            return items
        case DictOf(entries=entries):
            return tuple(item for _, item in entries)
        case Expr(operands=parts):
            return parts
        case _:
            return ()


def leaves(value: Value) -> Iterator[Leaf]:
    """The leaves of a value from left to right, as often as they occur."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, ListOf | DictOf | Expr):
            stack.extend(reversed(operands(top)))
        else:
            yield top


def captures(body: Block, results: Iterable[Value] = ()) -> tuple[Captured, ...]:
    """What a body reads of the scopes around it, each once, in order of first use.

    Args:
        body: the body of a group or a loop, or of one arm.
        results: values read inside that leave the body: its part of the operation's `results`.

    Returns:
        Parameters of the pipeline, outputs of outer operations, and items: those of outer loops and, for the body of
        a loop, its own.
    """
    inner: set[str] = set()
    read: dict[tuple[object, ...], Captured] = {}

    def read_all(values: Iterable[Value]) -> None:
        for value in values:
            for leaf in leaves(value):
                if isinstance(leaf, Param | Output | Item):
                    read.setdefault(identity(leaf), leaf)

    for operation in operations(body):
        inner.add(operation.id)
        read_all(values_of(operation))
        read_all(results_of(operation))
    read_all(results)
    return tuple(leaf for leaf in read.values() if isinstance(leaf, Param) or leaf.operation not in inner)


def identity(leaf: Captured) -> tuple[object, ...]:
    """What tells the leaf from others, its type aside: two places may know the type of one result differently."""
    match leaf:
        case Param(name=name):
            return ("param", name)
        case Output(operation=operation, name=name):
            return ("output", operation, name)
        case Item(operation=operation, path=path):
            return ("item", operation, path)


def dependencies(operation: Operation, scope: Container[str] | None = None) -> tuple[str, ...]:
    """Ids of the operations that must have ended before this one starts: data first, then `after`, each once.

    What a body reads or waits for is a dependency of the operation that holds the body.

    Args:
        operation: any operation, after the pass `lift_after`.
        scope: the ids of the block that it stands in (`ids(block)`): only these are named. Without it those of the
            scopes around are named too.
    """
    found: dict[str, None] = {}
    waited: dict[str, None] = {}
    inner: set[str] = set()
    stack = [operation]
    while stack:
        top = stack.pop()
        inner.add(top.id)
        for value in (*values_of(top), *results_of(top)):
            found.update((leaf.operation, None) for leaf in leaves(value) if isinstance(leaf, Output | Item))
        waited.update(dict.fromkeys(top.after))
        for body in reversed(bodies(top)):
            stack.extend(reversed(body.operations))
    data = [id_ for id_ in found if id_ not in inner]
    # An operation that waits for itself is kept: it is a circle, which `check_cycles` reports.
    order = [id_ for id_ in waited if id_ not in inner or id_ == operation.id]
    return tuple(id_ for id_ in dict.fromkeys(data + order) if scope is None or id_ in scope)


def ids(block: Block) -> frozenset[str]:
    """The ids of the operations that stand directly in a block."""
    return frozenset(operation.id for operation in block.operations)


def edges(block: Block) -> dict[str, tuple[str, ...]]:
    """For each operation that stands directly in the block, by id, its `dependencies` within the block."""
    scope = ids(block)
    return {operation.id: dependencies(operation, scope) for operation in block.operations}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands.

    Attributes:
        parent: the operation whose body it stands in; None at the top.
        body: which of the parent's `bodies`; 0 at the top.
        depth: how many bodies are around it.
        index: its number within its block.
    """

    operation: Operation
    parent: Operation | None
    body: int
    depth: int
    index: int

    def is_beside(self, other: Place) -> bool:
        """Whether both stand in the same block."""
        same_parent = self.parent is other.parent
        return same_parent and self.body == other.body


def places(block: Block) -> dict[str, Place]:
    """The place of every operation of the block and of the bodies within, by id, in the order of `operations`.

    Where an id occurs twice, the first wins: the verifier reports the other.
    """
    found: dict[str, Place] = {}
    pending = [Place(operation, None, 0, 0, index) for index, operation in enumerate(block.operations)][::-1]
    while pending:
        place = pending.pop()
        operation = place.operation
        found.setdefault(operation.id, place)
        inside = [
            Place(child, operation, body_index, place.depth + 1, index)
            for body_index, body in enumerate(bodies(operation))
            for index, child in enumerate(body.operations)
        ]
        pending.extend(reversed(inside))
    return found


def ancestors(place: Place, known: dict[str, Place]) -> Iterator[Place]:
    """The places of the operations around a place, from the inside out."""
    while place.parent is not None:
        place = known[place.parent.id]
        yield place


def common_scope(first: Place, second: Place, known: dict[str, Place]) -> tuple[Place, Place]:
    """The operations that stand in the innermost block around both: the one that is or holds `first`, and `second`.

    They are one and the same where one of the two holds the other, or where the two stand in different arms of one
    `If`.
    """
    while first.depth > second.depth:
        first = _up(first, known)
    while second.depth > first.depth:
        second = _up(second, known)
    while first.operation is not second.operation and not first.is_beside(second):
        first, second = _up(first, known), _up(second, known)
    return first, second


def _up(place: Place, known: dict[str, Place]) -> Place:
    assert place.parent is not None, "the scopes of one pipeline meet at its body"
    return known[place.parent.id]
