"""Refuses operations that wait for one another in a circle (PC0307). Changes nothing.

Only `after` can close a circle: a value is always made before it is read. A body waits as a whole, so that a circle
may go through the operation that holds it.

Refused:  a = call steps:a() after [b]
          b = call steps:b(x=%a.output)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.ir.walk import bodies, edges, operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.ir.model import Block, Pipeline


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass. Reports one circle for each knot of operations that wait for one another."""
    found: list[Diagnostic] = []
    if any(operation.after for operation in operations(pipeline.body)):
        for block in _blocks(pipeline.body):
            found.extend(_report(block, circle) for circle in _circles(edges(block)))
    return pipeline, found


def _blocks(body: Block) -> Iterator[Block]:
    yield body
    for operation in operations(body):
        yield from bodies(operation)


def _circles(waits: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Circles that share no operation, each from its first operation in the source along what waits for what."""
    done: set[str] = set()
    circles: list[list[str]] = []
    for start in waits:
        path: dict[str, Iterator[str]] = {} if start in done else {start: iter(waits[start])}
        while path:
            id_, rest = next(reversed(path.items()))
            following = next((other for other in rest if other not in done), None)
            if following is None:
                done.add(id_)
                del path[id_]
            elif following in path:
                names = list(path)
                circles.append(names[names.index(following) :])
                done.update(path)
                path.clear()
            else:
                path[following] = iter(waits[following])
    return circles


def _report(block: Block, circle: list[str]) -> Diagnostic:
    order = {operation.id: (index, operation) for index, operation in enumerate(block.operations)}
    first = min(range(len(circle)), key=lambda i: order[circle[i]][0])
    turned = circle[first:] + circle[:first]
    named = " -> ".join(f"`{id_}`" for id_ in [*turned, turned[0]])
    if len(turned) == 1:
        message = f"`{turned[0]}` waits for itself"
    else:
        message = f"steps wait for one another in a circle: {named}"
    return Diagnostic(
        "PC0307",
        message,
        order[turned[0]][1].span,
        related=tuple(Label(order[id_][1].span, f"`{id_}` is part of the circle") for id_ in turned[1:]),
        notes=("an arrow reads `waits for`",) if len(turned) > 1 else (),
        help="take one of them out of an `after=`",
    )
