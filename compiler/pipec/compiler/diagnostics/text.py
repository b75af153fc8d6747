"""Diagnostics for people: the fault, the line, a caret, why, and what to do. Reads well in 80 columns without colour."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.codes import CODES
from pipec.compiler.diagnostics.model import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.diagnostics.model import Diagnostic
    from pipec.compiler.source import SourceFile, Span

_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_TAB = 4
_WIDEST = 160
"""Columns of a source line that are shown at most; a longer one is cut around the caret."""


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile], *, colour: bool = False) -> str:
    """All of them, a blank line between two, with a line that counts them; nothing for none."""
    if not diagnostics:
        return ""
    blocks = [render_one(diagnostic, sources, colour=colour) for diagnostic in diagnostics]
    counted = count_line(diagnostics)
    return "\n".join([*blocks, f"{counted}\n"] if counted else blocks)


def count_line(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`; empty where there are only notes."""
    parts: list[str] = []
    for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        count = sum(diagnostic.severity is severity for diagnostic in diagnostics)
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    return ", ".join(parts)


def render_one(diagnostic: Diagnostic, sources: Mapping[str, SourceFile], *, colour: bool = False) -> str:
    """One diagnostic, several lines."""

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    tone = _COLOURS[diagnostic.severity]
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", tone)
    lines = [f"{head}: {paint(printable(diagnostic.message), '1')}"]
    places = [(diagnostic.span, diagnostic.label, tone)] if diagnostic.span is not None else []
    places += [(label.span, label.text, "1;34") for label in diagnostic.related]
    width = max((len(str(span.end.line)) for span, _, _ in places), default=1)
    for index, (span, text, tint) in enumerate(places):
        lines += _place(span, text, sources, width, lambda t, c=tint: paint(t, c), index == 0)
    gutter = " " * width
    for note in diagnostic.notes:
        lines.append(f"{gutter} = note: {printable(note)}")
    if diagnostic.help:
        lines.append(f"{gutter} = help: {printable(diagnostic.help)}")
    if diagnostic.code in CODES and diagnostic.severity is Severity.ERROR:
        lines.append(f"{gutter} = more: pipec explain {diagnostic.code}")
    return "\n".join(lines) + "\n"


def _place(
    span: Span, text: str, sources: Mapping[str, SourceFile], width: int, paint: object, is_first: bool
) -> list[str]:
    arrow = "-->" if is_first else ":::"
    gutter = " " * width
    shown = [f"{gutter}{arrow} {span}"]
    source = sources.get(span.path)
    if source is None or span.start.line > source.line_count:
        return [*shown, f"{gutter} = {printable(text)}"] if text else shown
    line, start, end = _cut(source.line(span.start.line), span)
    number = str(span.start.line).rjust(width)
    caret = " " * start + "^" * max(end - start, 1)
    more = "..." if span.end.line > span.start.line else ""
    tail = f"{caret}{more} {printable(text)}".rstrip()
    assert callable(paint)
    return [*shown, f"{gutter} |", f"{number} | {line}", f"{gutter} | {paint(tail)}"]


def _cut(line: str, span: Span) -> tuple[str, int, int]:
    """The line as it is shown, and the columns on the terminal where the span starts and ends in it."""
    first = span.start.column - 1
    last = span.end.column - 1 if span.end.line == span.start.line else len(line)
    begin = 0
    if len(line) > _WIDEST:
        begin = max(0, min(first - _WIDEST // 4, len(line) - _WIDEST))
        line = ("..." if begin else "") + line[begin : begin + _WIDEST] + "..."
        first, last = (one - begin + (3 if begin else 0) for one in (first, last))
        last = min(last, len(line))
    start, end = columns(line[:first]), columns(line[:last])
    return "".join(_shown(character) for character in line), start, end


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes as it is shown here."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if character == "\t":
        return _TAB
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shown(character: str) -> str:
    if character == "\t":
        return " " * _TAB
    return character if character.isprintable() or unicodedata.combining(character) else "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """`text` in one line, without characters that would command a terminal."""
    return "".join(_shown(character) if character != "\n" else " " for character in text)
