"""Differences in the graph: steps, edges, arguments, conditions, loops, and where each operation stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.changes.model import Difference
from pipec.compiler.changes.wording import shown, words
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Const, Item, Output
from pipec.compiler.ir.walk import leaves, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.changes.matching import Matching
    from pipec.compiler.ir.model import Operation
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Place
    from pipec.compiler.source import Span


def flow_differences(found: Matching) -> Iterator[Difference]:
    """All differences of the graph, in the order of the new version."""
    for operation in found.removed:
        yield Difference(
            "", f"{_noun(operation)} removed", f"{_noun(operation)} `{operation.id}` is gone", operation.span
        )
    for operation in found.added:
        yield Difference("", f"{_noun(operation)} added", _introduced(operation, found.after), operation.span)
    for old, new in found.pairs:
        if old.id != new.id:
            is_call = isinstance(new, Call)
            text = f"{_noun(new)} `{old.id}` is now called `{new.id}`"
            yield Difference("", "renamed", text, new.span, is_meaning=is_call)
        yield from _standing(old, new, found)
        yield from _inner(old, new, found.renamed)
    yield from _edges(found)


def _noun(operation: Operation) -> str:
    match operation:
        case Call():
            return "step"
        case If():
            return "condition"
        case ForEach():
            return "loop"
        case Group():
            return "group"


def _introduced(operation: Operation, places: Mapping[str, Place]) -> str:
    text = f"new {_noun(operation)} `{operation.id}`"
    match operation:
        case Call(step=step):
            text += f" (`{step}`)" if step.rpartition(":")[2] != operation.id else ""
        case If(arms=arms):
            first = arms[0].condition
            text += f" on {shown(words(first).removeprefix('parameter '))}" if first is not None else ""
        case ForEach(items=items):
            text += f" over {shown(words(items).removeprefix('parameter '))}"
        case Group():
            pass
    waits = [name for name, _ in _producers(operation)]
    text += f", after {', '.join(f'`{one}`' for one in waits)}" if waits else ""
    place = places[operation.id]
    return text if place.parent is None else f"{text}, {_stands(place)}"


def _stands(place: Place) -> str:
    """Where an operation stands, in words."""
    parent = place.parent
    match parent:
        case None:
            return "outside of any condition or loop"
        case If(arms=arms):
            condition = arms[place.body].condition
            arm = "its `else`" if condition is None else f"the arm {shown(words(condition).removeprefix('parameter '))}"
            return f"in {arm} of `{parent.id}`" if condition is not None else f"in the `else` of `{parent.id}`"
        case ForEach():
            return f"in the loop `{parent.id}`"
        case _:
            return f"in the group `{parent.id}`"


def _standing(old: Operation, new: Operation, found: Matching) -> Iterator[Difference]:
    first, second = found.before[old.id], found.after[new.id]
    around = None if first.parent is None else found.renamed.get(first.parent.id, f"-{first.parent.id}")
    is_elsewhere = around != (None if second.parent is None else second.parent.id)
    if is_elsewhere or (first.body != second.body and isinstance(second.parent, If)):
        yield Difference(new.id, "place", f"now stands {_stands(second)}", new.span)


def _inner(old: Operation, new: Operation, renamed: Mapping[str, str]) -> Iterator[Difference]:
    match old, new:
        case Call(), Call():
            yield from _call(old, new, renamed)
        case If(), If():
            yield from _arms(old, new, renamed)
            yield from _results(new, {k: tuple(v) for k, v in old.results.items()}, dict(new.results), renamed)
        case ForEach(), ForEach():
            yield from _value(new, "items", "goes over", old.items, new.items, renamed)
            if old.max_parallelism != new.max_parallelism:
                first, second = old.max_parallelism or "unbounded", new.max_parallelism or "unbounded"
                yield Difference(new.id, "max_parallelism", f"iterations at once {first} → {second}", new.span)
            yield from _results(new, _single(old.results), _single(new.results), renamed)
        case Group(), Group():
            if old.pipeline != new.pipeline:
                yield Difference(new.id, "group", f"pipeline `{old.pipeline}` → `{new.pipeline}`", new.span)
            yield from _results(new, _single(old.results), _single(new.results), renamed)
        case _:
            pass


def _single(results: Mapping[str, Value]) -> dict[str, tuple[Value, ...]]:
    return {name: (value,) for name, value in results.items()}


def _call(old: Call, new: Call, renamed: Mapping[str, str]) -> Iterator[Difference]:
    for name in (*old.arguments, *(name for name in new.arguments if name not in old.arguments)):
        first, second = old.arguments.get(name), new.arguments.get(name)
        if first is None and second is not None:
            yield Difference(new.id, "argument", f"argument `{name}` is now {_said(second)}", new.span)
        elif second is None:
            yield Difference(new.id, "argument", f"argument `{name}` is left to its default", new.span)
        elif first is not None:
            yield from _value(new, "argument", f"argument `{name}`", first, second, renamed)
    if (old.label is None) != (new.label is None):
        yield Difference(
            new.id, "label", f"label {'removed' if new.label is None else 'added'}", new.span, is_meaning=False
        )


def _value(
    operation: Operation, kind: str, what: str, old: Value, new: Value, renamed: Mapping[str, str]
) -> Iterator[Difference]:
    if _identity(old, renamed) != _identity(new, {}):
        text = f"{what} {_said(old, renamed)} → {_said(new)}"
        yield Difference(operation.id, kind, text, operation.span)


def _identity(value: Value, renamed: Mapping[str, str]) -> tuple[str, bool]:
    return words(value, renamed), isinstance(value, Const)


def _said(value: Value, renamed: Mapping[str, str] | None = None) -> str:
    said = words(value, renamed)
    if said.startswith("parameter "):
        return f"parameter `{said.removeprefix('parameter ')}`"
    is_number = isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool)
    return said if is_number else shown(said)


def _arms(old: If, new: If, renamed: Mapping[str, str]) -> Iterator[Difference]:
    first, second = ([arm.condition for arm in one.arms if arm.condition is not None] for one in (old, new))
    if len(first) == len(second):
        for before, after in zip(first, second, strict=True):
            yield from _value(new, "condition", "condition", before, after, renamed)
        return
    known, now = [words(one, renamed) for one in first], [words(one) for one in second]
    for one in now:
        if one not in known:
            yield Difference(new.id, "arm", f"new arm {shown(one)}", new.span)
    for one in known:
        if one not in now:
            yield Difference(new.id, "arm", f"arm {shown(one)} is gone", new.span)


def _results(
    operation: Operation,
    old: Mapping[str, tuple[Value, ...]],
    new: Mapping[str, tuple[Value, ...]],
    renamed: Mapping[str, str],
) -> Iterator[Difference]:
    """What leaves a body. The names of results are pipec's own, so only a value that is let out otherwise is told."""
    for name in old:
        if name in new and [_identity(one, renamed) for one in old[name]] != [_identity(one, {}) for one in new[name]]:
            first, second = (
                " | ".join(words(one, names) for one in some) for some, names in ((old[name], renamed), (new[name], {}))
            )
            yield Difference(
                operation.id, "result", f"result `{name}` {shown(first)} → {shown(second)}", operation.span
            )


def _producers(operation: Operation) -> list[tuple[str, str]]:
    """The operations that one waits for, each with `data` or `order`; loops that it is an iteration of aside."""
    read = dict.fromkeys(
        leaf.operation
        for value in values_of(operation)
        for leaf in leaves(value)
        if isinstance(leaf, Output) or (isinstance(leaf, Item) and leaf.operation != operation.id)
    )
    return [(one, "data") for one in read] + [(one, "order") for one in operation.after if one not in read]


def _edges(found: Matching) -> Iterator[Difference]:
    """Edges between operations that both versions have; those of new steps are told with them."""
    old: dict[tuple[str, str], str] = {}
    new: dict[tuple[str, str], Operation] = {}
    kinds: dict[tuple[str, str], str] = {}
    for first, second in found.pairs:
        old |= {(found.renamed.get(one, one), second.id): kind for one, kind in _producers(first)}
        kinds |= {(one, second.id): kind for one, kind in _producers(second)}
        new |= {(one, second.id): second for one, _ in _producers(second)}
    kept = set(found.renamed.values())
    for edge in old:
        if edge not in new and edge[0] in kept:
            yield Difference("", "edge", f"edge `{edge[0]}` → `{edge[1]}` is gone", _span(found, edge[1]))
    for edge, operation in new.items():
        order = " (order only)" if kinds[edge] == "order" else ""
        if edge not in old:
            yield Difference("", "edge", f"new edge `{edge[0]}` → `{edge[1]}`{order}", operation.span)


def _span(found: Matching, id_: str) -> Span:
    return found.after[id_].operation.span
