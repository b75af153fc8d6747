"""How each result travels, also out of nested pipelines, branches and loops.

parameter   JSON text of a number, a truth value or None
artifact    a folder in the artifact repository
values      what a loop collects of parameters: Argo's own list of texts
files       what a loop collects of artifacts, which Argo does not: folders below one key, and how many there are
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pipec.backends.argo.names import parameter
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import INT, is_number_like
from pipec.compiler.ir.values import Const, Output, Param
from pipec.compiler.ir.walk import bodies, calls, leaves, operations
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.model import Block, Pipeline, StepDef
    from pipec.compiler.ir.values import Value

Kind = Literal["parameter", "artifact", "values", "files"]

COUNT = "count"
"""The output of a loop that says how many items it had, where it collects artifacts."""

_COLLECTED: Mapping[Kind, Kind] = {"parameter": "values", "values": "values", "artifact": "files", "files": "files"}


@dataclass(frozen=True, slots=True)
class Export:
    """What one output of a DAG template carries.

    Attributes:
        leaves: of a nested pipeline or a loop the one output inside; of a branch one value for each arm, None where
            that arm has none. Empty for the number of a loop's items.
    """

    leaves: tuple[Value | None, ...]


class Carriers:
    """What is known of every output; exports are added from the inside out."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.steps: dict[str, StepDef] = dict(pipeline.steps)
        self.calls: dict[str, Call] = {call.id: call for call in calls(pipeline.body)}
        self.exports: dict[str, dict[str, Export]] = {}
        self.keyed: dict[tuple[str, str], str] = {}
        self.loops: dict[str, tuple[str, ...]] = {}
        self._counts: dict[tuple[str, str], str] = {}
        self._is_loop = {one.id for one in operations(pipeline.body) if isinstance(one, ForEach)}

    def add(self, id_: str, name: str, export: Export) -> str:
        """Lets something out of operation `id_`; gives its name, which is an earlier one where it is out already."""
        exports = self.exports.setdefault(id_, {})
        for known, other in exports.items():
            if other == export:
                return known
        while name in exports:
            name += "-"
        exports[name] = export
        leaf = next((leaf for leaf in export.leaves if isinstance(leaf, Output)), None)
        if id_ not in self._is_loop and leaf is not None and self.kind(leaf) == "files":
            self._count_beside(id_, name, export)
        return name

    def _count_beside(self, id_: str, name: str, export: Export) -> None:
        counts = tuple(self.count_of(leaf) if isinstance(leaf, Output) else None for leaf in export.leaves)
        base = next(f"{parameter(count.operation)}-{COUNT}" for count in counts if count is not None)
        self._counts[id_, name] = self.add(id_, base, Export(counts))

    def collect(self, output: Output) -> None:
        """Notes that a loop collects `output`: where its folders go, and how they are counted."""
        (leaf,) = self.exports[output.operation][output.name].leaves
        assert isinstance(leaf, Output), "a loop collects outputs"
        key = (output.operation, output.name)
        if self.kind(leaf) == "files":
            count = self.count_of(leaf)
            name = f"{parameter(count.operation)}-{count.name}"
            self._counts[key] = self.add(output.operation, name, Export((count,)))
        elif self.kind(leaf) == "artifact":
            self._counts[key] = self.add(output.operation, COUNT, Export(()))
            for producer in self.producers(leaf):
                self.keyed[producer] = _base(output)

    def is_free(self, loop: str, leaf: Output) -> bool:
        """Whether a loop can collect the output: no other list holds the folders of the calls that make it."""
        if self.kind(leaf) != "artifact":
            return True
        if any(export.leaves == (leaf,) for export in self.exports.get(loop, {}).values()):
            return True
        return not any(producer in self.keyed for producer in self.producers(leaf))

    def producers(self, output: Output) -> list[tuple[str, str]]:
        """The calls, with their outputs, of which one has made the artifact."""
        found: list[tuple[str, str]] = []
        pending = [output]
        while pending:
            top = pending.pop()
            if top.operation in self.calls:
                found.append((top.operation, top.name))
            else:
                exported = self.exports[top.operation][top.name].leaves
                pending += [leaf for leaf in reversed(exported) if isinstance(leaf, Output)]
        return found

    def makers(self, gate: Call) -> list[Call]:
        """The calls that have made the artifacts that a gate reads."""
        read = [leaf for value in gate.arguments.values() for leaf in leaves(value) if isinstance(leaf, Output)]
        made = dict.fromkeys(id_ for leaf in read if not self.is_parameter(leaf) for id_, _ in self.producers(leaf))
        return [self.calls[id_] for id_ in made]

    def kind_of(self, value: Value) -> Kind | None:
        """How a value travels as it is; None where it is put together, or of no use to a template."""
        match value:
            case Output():
                return self.kind(value)
            case Const() | Param() if is_number_like(value.type):
                return "parameter"
            case _:
                return None

    def kind(self, output: Output) -> Kind:
        """How an output travels."""
        if (call := self.calls.get(output.operation)) is not None:
            outputs = self.steps[call.step].outputs
            return next(known.carrier for known in outputs if known.name == output.name)
        export = self.exports[output.operation][output.name]
        leaf = next((leaf for leaf in export.leaves if leaf is not None), None)
        if leaf is None:
            return "parameter"
        kind = self.kind_of(leaf)
        assert kind is not None, "an export is an output, a constant or a parameter"
        return _COLLECTED[kind] if output.operation in self._is_loop else kind

    def is_parameter(self, output: Output) -> bool:
        """Whether who reads the output gets it as a parameter."""
        return self.kind(output) in {"parameter", "values"}

    def has_parameter(self, output: Output) -> bool:
        """Whether the output exists as a parameter, alone or beside the artifact."""
        if (call := self.calls.get(output.operation)) is not None and output.name in call.mirrored:
            return True
        if self.is_parameter(output):
            return True
        if output.operation in self.calls or output.operation in self._is_loop:
            return False
        exported = self.exports[output.operation][output.name].leaves
        return all(isinstance(leaf, Output) and self.has_parameter(leaf) for leaf in exported)

    def may_be_absent(self, output: Output) -> bool:
        """Whether a run may be without the artifact: its arm was not taken, or the list is empty."""
        if output.operation in self.calls:
            return False
        if self.kind(output) == "files":
            return True
        exported = self.exports[output.operation][output.name].leaves
        return any(leaf is None or (isinstance(leaf, Output) and self.may_be_absent(leaf)) for leaf in exported)

    def count_of(self, output: Output) -> Output:
        """The parameter that counts the `files` of an output, list by list."""
        return Output(output.operation, self._counts[output.operation, output.name], INT)

    def place(self, pipeline: Pipeline) -> None:
        """Notes the loops around each operation, from the outside in; at the end, when all operations are there."""
        pending: list[tuple[Block, tuple[str, ...]]] = [(pipeline.body, ())]
        while pending:
            block, around = pending.pop()
            for operation in block.operations:
                self.loops[operation.id] = around
                inside = (*around, operation.id) if isinstance(operation, ForEach) else around
                pending += [(body, inside) for body in bodies(operation)]

    def folder(self, output: Output) -> tuple[str, tuple[str, ...]]:
        """Where the `files` of an output lie: the first part of the key, and the loops whose indices follow."""
        around: tuple[str, ...] | None = None
        while True:
            if output.operation in self._is_loop:
                around = self.loops[output.operation] if around is None else around
                (leaf,) = self.exports[output.operation][output.name].leaves
                assert isinstance(leaf, Output), "a loop collects outputs"
                if self.kind(leaf) == "artifact":
                    return _base(output), around
                output = leaf
            else:
                exported = self.exports[output.operation][output.name].leaves
                output = next(leaf for leaf in exported if isinstance(leaf, Output))


def carried(pipeline: Pipeline) -> Callable[[Output], bool]:
    """Whether an output travels as a parameter, told before anything is taken apart: what conditions may read."""
    known = {operation.id: operation for operation in operations(pipeline.body)}

    def is_carried(output: Output) -> bool:
        operation = known[output.operation]
        match operation:
            case Call():
                outputs = pipeline.steps[operation.step].outputs
                is_parameter = any(one.name == output.name and one.carrier == "parameter" for one in outputs)
                return is_parameter or output.name in operation.mirrored
            case If(results=results, arms=arms):
                does_something = any(True for arm in arms for _ in calls(arm.body))
                return does_something and all(map(is_number, results[output.name]))
            case Group(results=results):
                inner = results[output.name]
                return isinstance(inner, Output) and is_carried(inner)
            case ForEach():
                return False

    def is_number(value: Value) -> bool:
        if not is_number_like(value.type):
            return False
        return isinstance(value, Const | Param) or (isinstance(value, Output) and is_carried(value))

    return is_carried


def _base(output: Output) -> str:
    # No such folder's name begins another's: some stores take a key for whatever begins with it.
    return f"{parameter(output.operation)}.{output.name}.items"
