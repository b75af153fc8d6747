"""Where the tables and keys of a TOML text stand: tomllib gives values without places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.lazy import pattern
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from pipec.compiler.source import SourceFile

_PART = pattern(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*(\.?)""")

Path = tuple[str, ...]


def places_of(source: SourceFile) -> dict[Path, tuple[Span, Span]]:
    """For each header and key of one line: the places of the last part of its name, and of its value.

    A value that goes on over lines is pointed at where it begins. Keys of inline tables have no place.
    """
    found: dict[Path, tuple[Span, Span]] = {}
    table: Path = ()
    inside = ""  # the quotes of a multi-line text that is open
    depth = 0  # brackets of an array that is open
    for number in range(1, source.line_count + 1):
        line = source.line(number)
        if inside or depth:
            inside, depth = _state(line, inside, depth)
            continue
        text = line.lstrip()
        if text.startswith("["):
            start = len(line) - len(text) + (2 if text.startswith("[[") else 1)
            parts, spans, _ = _name(source, line, start, number)
            table = parts
            if parts:
                found.setdefault(parts, (spans[-1], spans[-1]))
            continue
        parts, spans, end = _name(source, line, 0, number)
        if not parts or line[end : end + 1] != "=":
            continue
        value = line[end + 1 :]
        first = end + 1 + len(value) - len(value.lstrip())
        last = max(len(line.rstrip()), first + 1)
        place = Span(source.path, Position(number, first + 1), Position(number, last + 1))
        for length in range(1, len(parts) + 1):
            found.setdefault((*table, *parts[:length]), (spans[length - 1], place))
        inside, depth = _state(value, "", 0)
    return found


def _name(source: SourceFile, line: str, at: int, number: int) -> tuple[Path, list[Span], int]:
    """A dotted name from column `at`: its parts, their places, and the column behind it."""
    parts: list[str] = []
    spans: list[Span] = []
    while (match := _PART.match(line, at)) is not None:
        word = match[1]
        begin = match.start(1)
        parts.append(word[1:-1] if word[0] in "\"'" else word)
        spans.append(Span(source.path, Position(number, begin + 1), Position(number, begin + 1 + len(word))))
        at = match.end()
        if not match[2]:
            break
    return tuple(parts), spans, at


def _state(text: str, inside: str, depth: int) -> tuple[str, int]:
    """What is still open at the end of a line: a multi-line text, and how many brackets."""
    at = 0
    while at < len(text):
        if inside:
            end = text.find(inside, at)
            if end < 0:
                return inside, depth
            at, inside = end + len(inside), ""
        elif text[at : at + 3] in {'"""', "'''"}:
            inside, at = text[at : at + 3], at + 3
        elif text[at] in "\"'":
            end = at + 1
            while end < len(text) and text[end] != text[at]:
                end += 2 if text[end] == "\\" and text[at] == '"' else 1
            at = end + 1
        elif text[at] == "#":
            break
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(text[at], 0)
            at += 1
    return inside, depth
