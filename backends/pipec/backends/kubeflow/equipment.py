"""What the small steps of `pipec.compiler.gates` run on: to load what a step made takes what that step has.

Before:   for_table_gate = call pipec.runtime.gates:count(items=%tables.output)     `tables` returns data frames
Inline:   for_table_gate = call … docker={"parent_image": "my/python:1", "requirements": ["pandas"]}
Images:   for_table_gate runs in the image of `tables`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.gates import VALUE, is_gate
from pipec.compiler.images.model import EVERY_STEP
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import is_json
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import calls, leaves, operations
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Value


def equipped(
    pipeline: Pipeline, images: Mapping[str, StepImage]
) -> tuple[Pipeline, Mapping[str, StepImage], list[Diagnostic]]:
    """The pipeline, after `joins.settle`, whose gates have what they need.

    Args:
        pipeline: as `settle` gives it.
        images: those of the request; empty where code travels inline.

    Returns:
        The pipeline; the images, those of gates among them; a warning for each gate that needs two images at once.
    """
    known = {operation.id: operation for operation in operations(pipeline.body)}
    if images:
        found, faults = dict(images), list[Diagnostic]()
        for call in calls(pipeline.body):
            if is_gate(call):
                found[call.id] = _image(call, known, pipeline, images, faults)
        return pipeline, found, faults

    def change(operation: Operation) -> Sequence[Operation]:
        if not is_gate(operation):
            return (operation,)
        assert isinstance(operation, Call)
        return (_with_settings(operation, list(_loaded(operation, known, pipeline)), pipeline),)

    return replace(pipeline, body=rewrite(pipeline.body, change)), images, []


def _image(
    gate: Call,
    known: Mapping[str, Operation],
    pipeline: Pipeline,
    images: Mapping[str, StepImage],
    faults: list[Diagnostic],
) -> StepImage:
    makers = list(_loaded(gate, known, pipeline))
    needed = dict.fromkeys(images[call.id] for call in makers)
    if len(needed) == 1:
        return next(iter(needed))
    if needed:
        names = ", ".join(f"`{call.id}`" for call in makers)
        faults.append(
            Diagnostic(
                "PC0420",
                f"a value made of what {names} give is computed in `{images[EVERY_STEP].reference}`, which is the image "
                "of none of them alone",
                gate.span,
                help="give these steps the same Docker settings, or compute the value in a step",
                severity=Severity.WARNING,
            )
        )
    return images[EVERY_STEP]


def _with_settings(gate: Call, makers: Sequence[Call], pipeline: Pipeline) -> Call:
    docker = next((call.config.docker for call in makers if call.config.docker), None) or {}
    found = [each for call in makers for each in pipeline.steps[call.step].closure.requirements]
    listed = docker.get("requirements") or []
    if isinstance(listed, list | tuple):
        found += [str(each) for each in listed]
    if not found and not docker:
        return gate
    settings = {**docker, "requirements": sorted(set(found))}
    return replace(gate, config=replace(gate.config, docker=settings))


def _loaded(gate: Call, known: Mapping[str, Operation], pipeline: Pipeline) -> Iterator[Call]:
    """The calls of steps whose artifacts, other than JSON, the gate loads."""
    if gate.step == VALUE and _is_copied(gate.arguments["value"], known):
        return
    pending: list[Value] = list(gate.arguments.values())
    seen = set[tuple[str, str]]()
    while pending:
        for leaf in leaves(pending.pop()):
            if not isinstance(leaf, Output) or (leaf.operation, leaf.name) in seen:
                continue
            seen.add((leaf.operation, leaf.name))
            made = known[leaf.operation]
            if isinstance(made, Call) and not is_gate(made):
                if _is_loaded(made, leaf.name, pipeline):
                    yield made
            else:
                pending.extend(_parts(made, leaf.name))


def _parts(operation: Operation, name: str) -> Sequence[Value]:
    """What a result of an operation that is no step of the user's is made of."""
    match operation:
        case Call(arguments=arguments):
            return tuple(arguments.values())
        case If(results=joined):
            return joined[name]
        case ForEach(results=collected):
            return (collected[name],)
        case Group():
            return ()


def _is_copied(value: Value, known: Mapping[str, Operation]) -> bool:
    """Whether the value is one artifact, whose files the gate copies without loading them."""
    return isinstance(value, Output) and not isinstance(known[value.operation], ForEach)


def _is_loaded(call: Call, name: str, pipeline: Pipeline) -> bool:
    output = next(each for each in pipeline.steps[call.step].outputs if each.name == name)
    return output.carrier == "artifact" and not is_json(output.type)
