"""Which operation of one version is which of the other: by id, by what is inside, and renamed steps by likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.changes.wording import words
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.walk import bodies, calls, operations, places
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.ir.model import Operation, Pipeline, StepDef
    from pipec.compiler.ir.walk import Place


@dataclass(slots=True)
class Matching:
    """What belongs together.

    Attributes:
        pairs: an operation of the old version and its successor.
        renamed: old ids and what they are called now, of all pairs.
        removed: operations that have no successor.
        added: operations that had no predecessor.
    """

    before: dict[str, Place]
    after: dict[str, Place]
    pairs: list[tuple[Operation, Operation]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    removed: list[Operation] = field(default_factory=list)
    added: list[Operation] = field(default_factory=list)

    def join(self, old: Operation, new: Operation) -> None:
        """Makes a pair."""
        self.pairs.append((old, new))
        self.renamed[old.id] = new.id


def match(before: Pipeline, after: Pipeline) -> Matching:
    """The pairs of two versions of a pipeline, in the order of the new one."""
    found = Matching(places(before.body), places(after.body))
    old = {one.id: one for one in operations(before.body)}
    new = {one.id: one for one in operations(after.body)}
    for id_, operation in new.items():
        if isinstance(operation, Call) and isinstance(old.get(id_), Call):
            found.join(old[id_], operation)
    _join_renamed(found, before, after, old.values(), new.values())
    _join_structures(found, old.values(), new.values())
    joined = {id(one) for _, one in found.pairs}
    found.added = [one for one in new.values() if id(one) not in joined]
    found.removed = [one for one in old.values() if one.id not in found.renamed]
    order = {id_: index for index, id_ in enumerate(new)}
    found.pairs.sort(key=lambda pair: order[pair[1].id])
    return found


def _join_renamed(
    found: Matching, before: Pipeline, after: Pipeline, old: Iterable[Operation], new: Iterable[Operation]
) -> None:
    taken = set(found.renamed.values())
    gone = [one for one in old if isinstance(one, Call) and one.id not in found.renamed]
    come = [one for one in new if isinstance(one, Call) and one.id not in taken]
    for second in come:
        scored = [
            (likeness, first)
            for first in gone
            if first.id not in found.renamed
            and (
                likeness := _likeness(found, first, second, before.steps.get(first.step), after.steps.get(second.step))
            )
        ]
        if scored:
            found.join(max(scored, key=lambda one: one[0])[1], second)


def _likeness(found: Matching, first: Call, second: Call, old: StepDef | None, new: StepDef | None) -> int:
    """How likely it is that the two are one step under two names; 0 where they are two steps."""
    is_same_step = first.step == second.step
    if not is_same_step and (old is None or new is None or not _is_alike(old, new)):
        return 0
    if tuple(first.arguments) != tuple(second.arguments):
        return 2 if is_same_step else 0
    said = [words(one, found.renamed) for one in first.arguments.values()]
    is_called_alike = said == [words(one) for one in second.arguments.values()]
    if not is_same_step and not is_called_alike and not first.arguments:
        return 0
    return 1 + 4 * is_same_step + 2 * is_called_alike


def _is_alike(old: StepDef, new: StepDef) -> bool:
    """Whether two steps take and give the same; one that takes and gives nothing is like no other."""
    if not old.inputs and not old.outputs:
        return False
    return [(one.name, one.type) for one in old.inputs] == [(one.name, one.type) for one in new.inputs] and [
        (one.name, one.type) for one in old.outputs
    ] == [(one.name, one.type) for one in new.outputs]


def _join_structures(found: Matching, old: Iterable[Operation], new: Iterable[Operation]) -> None:
    """Conditions, loops and groups are numbered, so their ids say little: the calls inside tell them apart."""
    gone = [one for one in old if not isinstance(one, Call)]
    inside = {one.id: {found.renamed.get(id_, id_) for id_ in _calls_in(one)} for one in gone}
    for second in new:
        if isinstance(second, Call):
            continue
        own = set(_calls_in(second))
        scored = [
            (len(inside[one.id] & own) * 2 + (one.id == second.id), one)
            for one in gone
            if type(one) is type(second) and one.id not in found.renamed
        ]
        best = max(scored, key=lambda one: one[0], default=None)
        if best is not None and best[0]:
            found.join(best[1], second)


def _calls_in(operation: Operation) -> list[str]:
    return [call.id for body in bodies(operation) for call in calls(body)]
