"""What nested pipelines let out: every result of a group becomes values that a DAG template can carry.

Before:   group `prepare` with results {"scores": ListOf(Output(a, output), Output(b, output)), "rate": Const(0.1)}
After:    exports of `prepare`: {"scores-0": Output(a, output), "scores-1": Output(b, output)}
          Output(prepare, scores) reads as ListOf(Output(prepare, scores-0), Output(prepare, scores-1)),
          Output(prepare, rate) as Const(0.1)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.backends.argo.names import parameter
from pipec.compiler.ir.model import Block, Call, Group, Pipeline
from pipec.compiler.ir.rewrite import map_leaves, map_values, rewrite
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import operations
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Operation
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf


@dataclass(frozen=True, slots=True)
class Flattened:
    """The pipeline with every read of a group's result replaced by reads of single exports.

    Attributes:
        exports: for each group by id, the output inside that each of its exports carries.
    """

    pipeline: Pipeline
    exports: Mapping[str, Mapping[str, Output]]


def flatten(pipeline: Pipeline) -> Flattened:
    """See the module's docstring. Groups are taken from the inside out, each before those that read it."""
    known: dict[tuple[str, str], Value] = {}
    exports: dict[str, dict[str, Output]] = {}

    def leaf(value: Leaf) -> Value:
        return known.get((value.operation, value.name), value) if isinstance(value, Output) else value

    def resolve(value: Value) -> Value:
        return map_leaves(value, leaf)

    def change(operation: Operation) -> tuple[Operation, ...]:
        operation = map_values(operation, resolve)
        if isinstance(operation, Group):
            _export(operation, exports.setdefault(operation.id, {}), known)
            operation = replace(operation, results={})
        return (operation,)

    body = rewrite(pipeline.body, change)
    outputs = tuple(replace(output, value=resolve(output.value)) for output in pipeline.outputs)
    return Flattened(replace(pipeline, body=body, outputs=outputs), exports)


def _export(group: Group, exported: dict[str, Output], known: dict[tuple[str, str], Value]) -> None:
    inside = {operation.id for operation in operations(group.body)}
    for name, value in group.results.items():
        is_leaf = isinstance(value, Output)
        count = 0

        def outward(leaf: Leaf, name: str = name, is_leaf: bool = is_leaf) -> Value:
            nonlocal count
            if not isinstance(leaf, Output) or leaf.operation not in inside:
                return leaf
            export = parameter(name) if is_leaf else f"{parameter(name)}-{count}"
            count += 1
            while export in exported:
                export += "-"
            exported[export] = leaf
            return Output(group.id, export, leaf.type)

        known[group.id, name] = map_leaves(value, outward)


class Carriers:
    """How each output travels: what its step says, also through groups."""

    def __init__(self, flattened: Flattened) -> None:
        self._flattened = flattened
        self._calls = _calls(flattened.pipeline.body)

    def origin(self, output: Output) -> tuple[Call, str]:
        """The call that makes the output, and its name there."""
        while (exports := self._flattened.exports.get(output.operation)) is not None:
            output = exports[output.name]
        return self._calls[output.operation], output.name

    def is_parameter(self, output: Output) -> bool:
        """Whether a step that reads the output gets it as a parameter."""
        call, name = self.origin(output)
        step = self._flattened.pipeline.steps[call.step]
        return next(known.carrier for known in step.outputs if known.name == name) == "parameter"

    def has_parameter(self, output: Output) -> bool:
        """Whether the output exists as a parameter, alone or beside the artifact."""
        call, name = self.origin(output)
        return self.is_parameter(output) or name in call.mirrored


def _calls(block: Block) -> dict[str, Call]:
    return {operation.id: operation for operation in operations(block) if isinstance(operation, Call)}
