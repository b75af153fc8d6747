"""Cuts a module at its units: kept statements, copied line by line with the comments that belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipec.compiler.frontend.units import Units


def cut(units: Units, kept: set[int]) -> str:
    """The text of the kept units, in order, or nothing where none is kept.

    Before:  a comment, `import a`, `import b`, `def f(): …`, of which `b` is read by nothing
    After:   the comment, `import a`, `def f(): …`, with the blank lines between them as they were
    """
    if not kept:
        return ""
    kept = kept | {index for index, unit in enumerate(units.units) if unit in units.futures}
    lines = [units.module.source.line(number) for number in range(1, units.module.source.line_count + 1)]
    pieces: list[str] = []
    previous_end = 0
    for index, unit in enumerate(units.units):
        if index in kept:
            start = _with_comments(lines, unit.start, previous_end)
            gap = _blank_lines_before(lines, start, previous_end)
            pieces += ([""] * gap if pieces else []) + lines[start - 1 : unit.end]
        previous_end = unit.end
    return "\n".join(pieces) + "\n"


def _with_comments(lines: list[str], start: int, previous_end: int) -> int:
    """The first line of the comment block that stands directly above line `start`."""
    while start - 1 > previous_end and lines[start - 2].lstrip().startswith("#"):
        start -= 1
    return start


def _blank_lines_before(lines: list[str], start: int, previous_end: int) -> int:
    count = 0
    while start - 1 - count > previous_end and not lines[start - 2 - count].strip():
        count += 1
    return min(count, 2)
