"""Refuses operations that wait for one another in a circle.

Before:  a = call … after [b]   b = call … (x = a.output)
After:   an error that names `a`, `b`, `a`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.ir.walk import bodies, edges

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Block, Pipeline


def check_cycles(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline as it is, and an error for the first circle in each scope."""
    found: list[Diagnostic] = []
    pending = [pipeline.body]
    while pending:
        block = pending.pop()
        circle = _circle(edges(block))
        if circle:
            found.append(_diagnostic(block, circle))
        pending += [inner for operation in block.operations for inner in bodies(operation)]
    return pipeline, found


def _circle(waits: dict[str, tuple[str, ...]]) -> list[str]:
    """The ids of one circle, or nothing: a depth-first walk without recursion."""
    done: set[str] = set()
    for start, first in waits.items():
        if start in done:
            continue
        path, on_path = [start], {start}
        stack = [(start, iter(first))]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                path.pop()
                on_path.discard(name)
                done.add(name)
            elif following in on_path:
                return path[path.index(following) :]
            elif following not in done:
                stack.append((following, iter(waits[following])))
                path.append(following)
                on_path.add(following)
    return []


def _diagnostic(block: Block, circle: list[str]) -> Diagnostic:
    spans = {operation.id: operation.span for operation in block.operations}
    names = " → ".join(f"`{name}`" for name in (*circle, circle[0]))
    return Diagnostic(
        "PC0307",
        f"steps wait for one another in a circle: {names}",
        spans[circle[0]],
        related=tuple(Label(spans[name], f"`{name}` is called here") for name in circle[1:]),
        help="take one of the `after=` away",
    )
