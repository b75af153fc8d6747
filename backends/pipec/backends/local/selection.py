"""Which calls `--only`, `--from` and `--until` mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import bodies, leaves, operations, results_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipec.compiler.ir.model import Block, Operation, Pipeline


def select(
    pipeline: Pipeline, only: Sequence[str], from_: str | None, until: str | None
) -> frozenset[str] | Diagnostic | None:
    """The ids of the calls that are to run; None for all; a diagnostic where there is no such step."""
    wanted = [*only, *(each for each in (from_, until) if each is not None)]
    if not wanted:
        return None
    inside = _inside(pipeline.body)
    for name in wanted:
        if name not in inside:
            near = near_names(name, inside)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else f"it has {_listed(inside)}"
            return Diagnostic(
                "PC0707", f"the pipeline `{pipeline.name}` has no step `{name}`", pipeline.span, help=help_
            )
    if only:
        return frozenset(each for name in only for each in inside[name])
    before = _before(pipeline, inside)
    if until is not None:
        return frozenset(each for name in inside[until] for each in {name, *before[name]})
    assert from_ is not None
    starts = inside[from_]
    return frozenset(name for name, needed in before.items() if name in starts or needed & starts)


def missing(pipeline: Pipeline, selected: frozenset[str], not_run: Iterable[str]) -> list[str]:
    """Which of the calls that did not run were needed by those that are selected."""
    before = _before(pipeline, _inside(pipeline.body))
    needed = {each for name in selected for each in before[name]} - selected
    return [name for name in dict.fromkeys(not_run) if name in needed]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _inside(body: Block) -> dict[str, frozenset[str]]:
    """For each operation, the ids of the calls that it is or holds."""
    return {
        operation.id: frozenset(
            each.id
            for each in (operation, *(inner for block in bodies(operation) for inner in operations(block)))
            if isinstance(each, Call)
        )
        for operation in operations(body)
    }


def _before(pipeline: Pipeline, inside: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """For each call, all calls that must have ended before it."""
    direct: dict[str, set[str]] = {}

    def visit(block: Block, around: frozenset[str]) -> None:
        for operation in block.operations:
            needed = around | _reads(operation, inside)
            for call in inside[operation.id]:
                direct.setdefault(call, set()).update(needed - {call})
            for body in bodies(operation):
                visit(body, needed)

    visit(pipeline.body, frozenset())
    whole: dict[str, frozenset[str]] = {}
    for name, nearest in direct.items():
        found: set[str] = set()
        pending = [*nearest]
        while pending:
            each = pending.pop()
            if each not in found:
                found.add(each)
                pending += direct.get(each, ())
        whole[name] = frozenset(found - {name})
    return whole


def _reads(operation: Operation, inside: dict[str, frozenset[str]]) -> frozenset[str]:
    """The calls whose end the operation itself waits for, with those behind the results that it reads."""
    read = {
        leaf.operation
        for value in (*values_of(operation), *results_of(operation))
        for leaf in leaves(value)
        if isinstance(leaf, Output)
    }
    own = inside[operation.id]
    return frozenset(call for id_ in (*read, *operation.after) for call in inside[id_]) - own
