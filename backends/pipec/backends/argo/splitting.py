"""Puts more operations than a DAG takes into nested DAGs, in an order in which each needs only what came before.

Before:   500 calls
After:    part_1 = group (200 calls)   part_2 = group (200 calls)   part_3 = group (100 calls)

A part waits for the whole of the parts that it reads from: that is the price of the limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.limits import TASKS
from pipec.compiler.ir.model import Arm, Block, Call, ForEach, Group, If, Pipeline
from pipec.compiler.ir.rewrite import map_leaves, map_values
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import edges, leaves, operations, results_of, values_of
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.ir.model import Operation
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf

    Moved = Mapping[tuple[str, str], Output]


def split(pipeline: Pipeline) -> Pipeline:
    """The pipeline with no block of more operations than a DAG takes."""
    work = _Splitting({operation.id for operation in operations(pipeline.body)})
    body, moved = work.block(pipeline.body, {}, [output.value for output in pipeline.outputs])
    outputs = tuple(replace(output, value=_moved(output.value, moved)) for output in pipeline.outputs)
    return replace(pipeline, body=body, outputs=outputs)


@dataclass(slots=True)
class _Splitting:
    """`taken` are all ids; `part_of` says which part an operation has gone into."""

    taken: set[str]
    part_of: dict[str, str] = field(default_factory=dict[str, str])

    def block(self, block: Block, moved: Moved, results: Sequence[Value]) -> tuple[Block, Moved]:
        """The block with parts where it needs them, and where what `results` read of it is now."""
        changed = Block(tuple(self.operation(one, moved) for one in block.operations))
        while len(changed.operations) > TASKS:
            changed, here = self.parts(changed, results)
            results = [_moved(value, here) for value in results]
            moved = {**{key: here.get((old.operation, old.name), old) for key, old in moved.items()}, **here}
        return changed, moved

    def operation(self, operation: Operation, moved: Moved) -> Operation:
        operation = map_values(operation, lambda value: _moved(value, moved))
        match operation:
            case Call():
                return operation
            case If(arms=arms, results=results):
                changed: list[Arm] = []
                values = {name: list(each) for name, each in results.items()}
                for place, arm in enumerate(arms):
                    body, inner = self.block(arm.body, moved, [each[place] for each in results.values()])
                    changed.append(Arm(arm.condition, body))
                    for each in values.values():
                        each[place] = _moved(each[place], inner)
                return replace(operation, arms=tuple(changed), results={name: tuple(v) for name, v in values.items()})
            case ForEach(body=body, results=collected) | Group(body=body, results=collected):
                body, inner = self.block(body, moved, list(collected.values()))
                return replace(operation, body=body, results={k: _moved(v, inner) for k, v in collected.items()})

    def parts(self, block: Block, results: Sequence[Value]) -> tuple[Block, Moved]:
        ordered = _in_order(block)
        chunks = [ordered[start : start + TASKS] for start in range(0, len(ordered), TASKS)]
        moved: dict[tuple[str, str], Output] = {}
        groups: list[Operation] = []
        for place, chunk in enumerate(chunks):
            id_ = self.id()
            read = _read_outside(chunk, [one for other in chunks[place + 1 :] for one in other], results)
            inner = {operation.id for operation in chunk}
            self.part_of |= dict.fromkeys(inner, id_)
            body = Block(tuple(self.waiting(_remapped(operation, moved), inner) for operation in chunk))
            exports = {f"{leaf.operation}-{leaf.name}": leaf for leaf in read}
            groups.append(Group(id_, "", body, dict(exports), chunk[0].span))
            for name, leaf in exports.items():
                moved[leaf.operation, leaf.name] = Output(id_, name, leaf.type)
        return Block(tuple(groups)), moved

    def waiting(self, operation: Operation, inner: set[str]) -> Operation:
        after = dict.fromkeys(id_ if id_ in inner else self.part_of.get(id_, id_) for id_ in operation.after)
        return replace(operation, after=tuple(after))

    def id(self) -> str:
        number = 1
        while f"part_{number}" in self.taken:
            number += 1
        self.taken.add(f"part_{number}")
        return f"part_{number}"


def _moved(value: Value, moved: Moved) -> Value:
    def change(leaf: Leaf) -> Value:
        place = moved.get((leaf.operation, leaf.name)) if isinstance(leaf, Output) else None
        return leaf if place is None or not isinstance(leaf, Output) else replace(place, type=leaf.type)

    return map_leaves(value, change)


def _remapped(operation: Operation, moved: Moved) -> Operation:
    """The operation, and all inside it, reading what has moved where it is now."""
    operation = map_values(operation, lambda value: _moved(value, moved))
    match operation:
        case Call():
            return operation
        case If(arms=arms):
            return replace(operation, arms=tuple(Arm(arm.condition, _remapped_block(arm.body, moved)) for arm in arms))
        case ForEach(body=body) | Group(body=body):
            return replace(operation, body=_remapped_block(body, moved))


def _remapped_block(block: Block, moved: Moved) -> Block:
    return Block(tuple(_remapped(operation, moved) for operation in block.operations))


def _in_order(block: Block) -> list[Operation]:
    """The operations so that each comes after those that it waits for, else in the order of the source."""
    waits = edges(block)
    known = {operation.id: operation for operation in block.operations}
    ordered: dict[str, Operation] = {}
    for first in known:
        stack = [first]
        while stack:
            missing = [id_ for id_ in waits[stack[-1]] if id_ not in ordered]
            if missing:
                stack.append(missing[0])
            else:
                id_ = stack.pop()
                ordered[id_] = known[id_]
    return list(ordered.values())


def _read_outside(chunk: Sequence[Operation], later: Sequence[Operation], results: Sequence[Value]) -> list[Output]:
    """What is made in a chunk and read after it, each once."""
    made = {operation.id for operation in chunk}
    found: dict[tuple[str, str], Output] = {}
    values = [value for one in operations(Block(tuple(later))) for value in (*values_of(one), *results_of(one))]
    for value in (*values, *results):
        for leaf in leaves(value):
            if isinstance(leaf, Output) and leaf.operation in made:
                found.setdefault((leaf.operation, leaf.name), leaf)
    return list(found.values())
