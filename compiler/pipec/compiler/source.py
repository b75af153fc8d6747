"""Text and places in it: `SourceFile`, `Position`, `Span`. Nothing here knows Python's grammar."""

from __future__ import annotations

from bisect import bisect_right
from functools import total_ordering
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pathlib import Path

UNSAVED: dict[Path, bytes] = {}
"""What an editor shows of files that it has not saved yet, by absolute path: it is read in the place of the file."""


def read_bytes(file: Path) -> bytes:
    """What `file` holds, or what an editor is going to make of it.

    Raises:
        OSError: it cannot be read.
    """
    unsaved = UNSAVED.get(file) if UNSAVED else None
    return file.read_bytes() if unsaved is None else unsaved


@total_ordering
@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text. Lines and columns count from 1; columns count characters, not bytes."""

    line: int
    column: int

    def __lt__(self, other: Position) -> bool:
        return (self.line, self.column) < (other.line, other.column)


@total_ordering
@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one file's text, from `start` up to and without `end`.

    `path` is the file's path from the project root, with forward slashes: a span may be written into a
    generated file, and no absolute path ever may.
    """

    path: str
    start: Position
    end: Position

    def __lt__(self, other: Span) -> bool:
        return (self.path, self.start, self.end) < (other.path, other.start, other.end)

    def __str__(self) -> str:
        return f"{self.path}:{self.start.line}:{self.start.column}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    r"""The text of one file and its line index.

    Attributes:
        path: the path from the project root, with forward slashes.
        text: the whole text, newlines normalised to `\\n`.
    """

    path: str
    text: str
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        find = self.text.find
        while (end := find("\n", starts[-1])) >= 0:
            starts.append(end + 1)
        object.__setattr__(self, "_line_starts", tuple(starts))

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its newline; empty past the end."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end]

    @property
    def line_count(self) -> int:
        """How many lines there are; a text that ends in a newline has an empty last one."""
        return len(self._line_starts)

    def offset(self, position: Position) -> int:
        """The index into `text` of `position`."""
        return self._line_starts[position.line - 1] + position.column - 1

    def position(self, offset: int) -> Position:
        """The position of the character at index `offset` of `text`."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def span(self, line: int, utf8_column: int, end_line: int, end_utf8_column: int) -> Span:
        """The span of an `ast` node, whose columns count UTF-8 bytes from 0."""
        return Span(self.path, self._from_utf8(line, utf8_column), self._from_utf8(end_line, end_utf8_column))

    def _from_utf8(self, line: int, utf8_column: int) -> Position:
        text = self.line(line)
        if not text.isascii():
            utf8_column = len(text.encode()[:utf8_column].decode(errors="ignore"))
        return Position(line, utf8_column + 1)
