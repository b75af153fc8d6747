"""Lets `after` name only operations of the same scope or of one around it.

An id inside a body is replaced by the operation of the common scope that holds it: to wait for a call in a loop is to
wait for the loop. What then occurs twice goes. An edge between two arms of one `If` goes too: when one of the two runs,
the other is skipped, which satisfies it.

Before:   group = group inner
              train = call steps:train()
          report = call steps:report() after [train]
After:    report = call steps:report() after [group]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import If
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.walk import common_scope, operations, places
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.walk import Place


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    if not any(operation.after for operation in operations(pipeline.body)):
        return pipeline, []
    known = places(pipeline.body)

    def lift(operation: Operation) -> tuple[Operation, ...]:
        lifted = _lifted(operation, known) if operation.after else operation.after
        return (operation if lifted == operation.after else replace(operation, after=lifted),)

    body = rewrite(pipeline.body, lift)
    return (pipeline if body is pipeline.body else replace(pipeline, body=body)), []


def _lifted(operation: Operation, known: dict[str, Place]) -> tuple[str, ...]:
    here = known[operation.id]
    found: dict[str, None] = {}
    for id_ in operation.after:
        mine, other = common_scope(here, known[id_], known)
        holds_both = mine.operation is other.operation and operation.id != mine.operation.id != id_
        if holds_both and isinstance(mine.operation, If):
            continue
        found[other.operation.id] = None
    return tuple(found)
