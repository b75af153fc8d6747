"""Marks the artifacts that also travel as a parameter, because control flow or the run's visible outputs read them.

Before:  names = call list_names()          (output: list[str], artifact)
         for_1 = for each of names.output …
After:   names = call list_names() mirrored [output]

A result that a body lets out is followed to the call that makes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Call, ForEach, If
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import is_json, members
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import leaves, operations, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Value


def assign_carriers(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline with `mirrored` filled in."""
    by_id = {operation.id: operation for operation in operations(pipeline.body)}
    read = [value for one in by_id.values() if isinstance(one, If | ForEach) for value in values_of(one)]
    read += [output.value for output in pipeline.outputs if _is_shown(output.value)]
    wanted = _producers(read, by_id)

    def mirror(operation: Operation) -> tuple[Operation]:
        if not isinstance(operation, Call):
            return (operation,)
        step = pipeline.steps[operation.step]
        names = tuple(
            output.name
            for output in step.outputs
            if output.carrier == "artifact" and (operation.id, output.name) in wanted
        )
        return (operation if names == operation.mirrored else replace(operation, mirrored=names),)

    return replace(pipeline, body=rewrite(pipeline.body, mirror)), []


def _is_shown(value: Value) -> bool:
    """Whether a pipeline output is small enough, by its type, to be shown: JSON, not a table or a model."""
    return all(is_json(member) or member.name in {"list", "dict"} for member in members(value.type))


def _producers(values: Iterable[Value], by_id: dict[str, Operation]) -> set[tuple[str, str]]:
    """The calls' outputs that these values come from, through the results of the operations around them."""
    found: set[tuple[str, str]] = set()
    pending = list(values)
    while pending:
        for leaf in leaves(pending.pop()):
            if not isinstance(leaf, Output) or (leaf.operation, leaf.name) in found:
                continue
            found.add((leaf.operation, leaf.name))
            match by_id[leaf.operation]:
                case Call():
                    pass
                case If(results=arms):
                    pending += arms.get(leaf.name, ())
                case other:
                    pending += [other.results[leaf.name]] if leaf.name in other.results else []
    return found
