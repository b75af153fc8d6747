"""Order between scopes: `after=` a call inside a body means after the whole operation that holds the body (DESIGN §4).

Before:  group g { a = call … }   b = call … after [a]
After:   group g { a = call … }   b = call … after [g]

Names of operations that are around the waiting one itself are dropped: a call inside `g` that waits for `g` would wait for
itself, and one that waits for what its group waits for waits already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.walk import bodies

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Block, Operation, Pipeline


def lift_after(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline with every `after` naming an operation of the same scope, or of one around it."""
    paths = _paths(pipeline.body)
    if all(len(path) == 1 for path in paths.values()):
        return pipeline, []

    def lift(operation: Operation) -> tuple[Operation]:
        own = paths[operation.id]
        lifted = (_common(own, paths[name]) for name in operation.after if name in paths)
        after = tuple(dict.fromkeys(name for name in lifted if name is not None))
        return (operation if after == operation.after else replace(operation, after=after),)

    return replace(pipeline, body=rewrite(pipeline.body, lift)), []


def _paths(body: Block) -> dict[str, tuple[str, ...]]:
    """For each operation the ids around it, from outside, and its own."""
    found: dict[str, tuple[str, ...]] = {}
    pending: list[tuple[Block, tuple[str, ...]]] = [(body, ())]
    while pending:
        block, around = pending.pop()
        for operation in block.operations:
            found[operation.id] = (*around, operation.id)
            pending += [(inner, found[operation.id]) for inner in bodies(operation)]
    return found


def _common(waiting: tuple[str, ...], awaited: tuple[str, ...]) -> str | None:
    """The awaited operation, or what holds it, in the innermost scope that also holds the waiting one."""
    depth = 0
    while depth < len(waiting) and depth < len(awaited) and waiting[depth] == awaited[depth]:
        depth += 1
    return awaited[depth] if depth < len(awaited) else None
