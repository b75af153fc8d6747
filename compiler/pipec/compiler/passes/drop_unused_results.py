"""Takes out results of conditions and loops that nothing reads.

The front end lets out whatever names and containers an arm or a loop changes; what is read behind it is known only at
the end. Operations stay: a call is made for its effect, too. What a nested pipeline returns stays as well.

Before:   if_1 = if $fast
              a = call steps:a()
            else
              b = call steps:b()
            -> (r = %a.output | %b.output, n = 1 | 2)
          c = call steps:c(x=%if_1.r)
After:    the same with `-> (r = %a.output | %b.output)`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import ForEach, If
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import leaves, operations, results_of, values_of
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Value


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    held = {one.id: one for one in operations(pipeline.body) if isinstance(one, If | ForEach) and one.results}
    if not held:
        return pipeline, []
    read = _read(pipeline, held)

    def prune(operation: Operation) -> tuple[Operation, ...]:
        match operation:
            case If(id=id_, results=arms) if any((id_, name) not in read for name in arms):
                kept = {name: values for name, values in arms.items() if (id_, name) in read}
                return (replace(operation, results=kept),)
            case ForEach(id=id_, results=collected) if any((id_, name) not in read for name in collected):
                kept_ = {name: value for name, value in collected.items() if (id_, name) in read}
                return (replace(operation, results=kept_),)
            case _:
                return (operation,)

    body = rewrite(pipeline.body, prune)
    return (pipeline if body is pipeline.body else replace(pipeline, body=body)), []


def _read(pipeline: Pipeline, held: dict[str, If | ForEach]) -> set[tuple[str, str]]:
    """The results of `held` that somebody reads, each by operation and name; also through results that are read."""
    found: set[tuple[str, str]] = set()
    pending: list[Value] = [output.value for output in pipeline.outputs]
    for operation in operations(pipeline.body):
        pending.extend(values_of(operation))
        if operation.id not in held:
            pending.extend(results_of(operation))
    while pending:
        for leaf in leaves(pending.pop()):
            if not isinstance(leaf, Output) or leaf.operation not in held or (leaf.operation, leaf.name) in found:
                continue
            found.add((leaf.operation, leaf.name))
            match held[leaf.operation]:
                case If(results=arms):
                    pending.extend(arms[leaf.name])
                case ForEach(results=collected):
                    pending.append(collected[leaf.name])
    return found
