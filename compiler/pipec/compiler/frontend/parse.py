"""From a file to its text and its syntax tree; every way this can fail is a diagnostic."""

from __future__ import annotations

import ast
import io
import warnings
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.source import Position, SourceFile, Span, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes. The largest hand-written modules known are a fifth of it; parsing takes about 100 times the size in memory."""


def read_source(file: Path, path: str) -> SourceFile | Diagnostic:
    """The text of `file`, shown to people as `path`, decoded as Python would (BOM, coding cookie, else UTF-8)."""
    try:
        size = file.stat().st_size
        if size > SIZE_LIMIT:
            return Diagnostic(
                "PC0104",
                f"`{path}` has {size:,} bytes; the limit is {SIZE_LIMIT:,}",
                _start_of(path),
                help="move data out of the source into a file that a step reads",
            )
        data = read_bytes(file)
    except OSError as error:
        return Diagnostic("PC0102", f"`{path}` cannot be read: {error.strerror or error}", _start_of(path))
    try:
        text = data.decode(_encoding(data))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        return Diagnostic(
            "PC0103",
            f"`{path}` is not text: {_reason(error)}",
            _start_of(path),
            help="save the file as UTF-8, or name its encoding in the first line",
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        position = SourceFile(path, text).position(text.index("\0"))
        span = Span(path, position, Position(position.line, position.column + 1))
        return Diagnostic("PC0103", f"`{path}` is not text: it holds a NUL character", span)
    return SourceFile(path, text)


def _encoding(data: bytes) -> str:
    """What Python reads the file as."""
    head = b"\n".join(data.split(b"\n", 2)[:2])
    if b"coding" not in head and b"\r" not in head:
        return "utf-8-sig"
    import tokenize  # a millisecond, for the few files that name their encoding

    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def parse(source: SourceFile) -> ast.Module | Diagnostic:
    """The syntax tree of `source`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return ast.parse(source.text)
    except SyntaxError as error:
        return Diagnostic("PC0101", _lower_first(error.msg), _syntax_error_span(source, error))
    except (RecursionError, MemoryError):
        return Diagnostic(
            "PC0106",
            f"`{source.path}` is nested too deep to be read",
            _start_of(source.path),
            help="split the expression into several statements",
        )


def _syntax_error_span(source: SourceFile, error: SyntaxError) -> Span:
    line = min(max(error.lineno or 1, 1), source.line_count)
    width = len(source.line(line))
    column = min(max(error.offset or 1, 1), width + 1)
    end = column + 1
    if error.end_lineno == error.lineno and error.end_offset is not None and error.end_offset > column:
        end = min(error.end_offset, width + 2)
    return Span(source.path, Position(line, column), Position(line, end))


def _start_of(path: str) -> Span:
    return Span(path, Position(1, 1), Position(1, 1))


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{error.object[error.start]:02x} at offset {error.start} is not valid {error.encoding}"
    return str(error)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
