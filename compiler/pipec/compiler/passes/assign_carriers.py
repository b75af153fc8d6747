"""Marks the artifacts that must also travel as a parameter, because control flow or the run's visible outputs read them.

An output is followed from a condition, a loop's items or a pipeline output through the results of `If`, `ForEach` and
`Group` to the calls that make it. Marked is what may be JSON (`str`, `list`, `dict[str, int]`, …): what cannot, such as
a list of data frames, reaches control flow through a step that computes the condition or the indices.
A result without an annotation cannot steer control flow (PC0312).

Before:   names = call steps:names()                        names: list[str], an artifact
          loop = for name in %names.output
After:    names = call steps:names() mirrored [output]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import ANY, STR, is_json
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import leaves, operations, values_of
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    known = {operation.id: operation for operation in operations(pipeline.body)}
    search = _Search(pipeline, known, {}, {})
    for operation in known.values():
        if isinstance(operation, If | ForEach):
            for value in values_of(operation):
                search.follow(value, operation)
    for output in pipeline.outputs:
        search.follow(output.value, None)
    if not search.mirrored:
        return pipeline, list(search.found.values())

    def mark(operation: Operation) -> tuple[Operation, ...]:
        names = search.mirrored.get(operation.id)
        if names is None or not isinstance(operation, Call):
            return (operation,)
        step = pipeline.steps[operation.step]
        mirrored = tuple(
            output.name for output in step.outputs if output.name in names or output.name in operation.mirrored
        )
        return (operation if mirrored == operation.mirrored else replace(operation, mirrored=mirrored),)

    body = rewrite(pipeline.body, mark)
    return (pipeline if body is pipeline.body else replace(pipeline, body=body)), list(search.found.values())


@dataclass(frozen=True, slots=True)
class _Search:
    """What is followed from its readers to the calls that make it.

    Attributes:
        mirrored: names of outputs by call.
        found: diagnostics by what they are about.
    """

    pipeline: Pipeline
    known: dict[str, Operation]
    mirrored: dict[str, set[str]]
    found: dict[tuple[str, str, Span], Diagnostic]

    def follow(self, value: Value, reader: Operation | None) -> None:
        """Marks what `value` is made of; `reader` is the `If` or loop that reads it, None for a pipeline output."""
        pending: list[Value] = [value]
        seen: set[tuple[str, str]] = set()
        while pending:
            for leaf in leaves(pending.pop()):
                if not isinstance(leaf, Output) or (leaf.operation, leaf.name) in seen:
                    continue
                seen.add((leaf.operation, leaf.name))
                producer = self.known[leaf.operation]
                if isinstance(producer, Call):
                    self.mark(producer, leaf.name, reader)
                else:
                    pending.extend(_result(producer, leaf.name))

    def mark(self, call: Call, name: str, reader: Operation | None) -> None:
        output = next(output for output in self.pipeline.steps[call.step].outputs if output.name == name)
        if output.carrier == "artifact" and _may_be_json(output.type) and output.materializer is None:
            self.mirrored.setdefault(call.id, set()).add(name)
        elif output.type.name == "any" and reader is not None:
            key = (call.id, name, reader.span)
            self.found.setdefault(key, _unannotated(call, name, reader, self.pipeline.steps[call.step].name))


def _may_be_json(type_: Type) -> bool:
    """Whether values of the type are JSON as far as it says: a bare `list` may be, a `list[pandas.DataFrame]` is not."""
    match type_.name:
        case "union":
            return all(map(_may_be_json, type_.arguments))
        case "list":
            return all(argument.name == "any" or _may_be_json(argument) for argument in type_.arguments)
        case "dict":
            keys, held = type_.arguments if len(type_.arguments) == 2 else (STR, ANY)
            return keys == STR and (held == ANY or _may_be_json(held))
        case _:
            return is_json(type_)


def _result(operation: If | ForEach | Group, name: str) -> tuple[Value, ...]:
    if isinstance(operation, If):
        return operation.results[name]
    return (operation.results[name],)


def _unannotated(call: Call, name: str, reader: Operation, step: str) -> Diagnostic:
    flow = "condition" if isinstance(reader, If) else "loop"
    return Diagnostic(
        "PC0312",
        f"a {flow} reads `{call.id}.{name}`, whose type is not known",
        reader.span,
        notes=("a result without an annotation travels as an artifact, which no orchestrator can look into",),
        help=f"annotate the return type of `{step}`",
    )
