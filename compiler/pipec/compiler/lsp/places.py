"""What stands at a place of a Python text: the name, the call, the assignment that bound the name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass
from pipec.compiler.source import Position, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipec.compiler.ir.model import Operation

Located = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias
"""A node that knows its place."""


@dataclass(frozen=True, slots=True)
class Text:
    """A Python text and its tree."""

    source: SourceFile
    tree: ast.Module

    def span(self, node: Located) -> Span:
        """Where a node stands."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset
        return self.source.span(node.lineno, node.col_offset, end_line, node.col_offset if end is None else end)

    def at(self, position: Position) -> list[Located]:
        """The nodes around a place, from the inside out."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, Located) and holds(self.span(node), position)]
        return sorted(found, key=lambda node: _extent(self.span(node)))


@dataclass(frozen=True, slots=True)
class Bound:
    """How a name got its value.

    Attributes:
        value: the expression at the right.
        index: which element of it the name is; None for the whole.
        is_listed: the value is an element of a list that the name is.
    """

    value: ast.expr
    index: int | None = None
    is_listed: bool = False


def read(path: str, text: str) -> Text | None:
    """The text and its tree; None while it is not Python."""
    try:
        return Text(SourceFile(path, text), ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return None


def holds(span: Span, position: Position) -> bool:
    """Whether a place is within a span; an end counts, as editors put the cursor there."""
    return span.start <= position <= span.end


def innermost(operations: Iterable[Operation], path: str, position: Position) -> list[Operation]:
    """The operations of the smallest span around a place; an unrolled loop has several there."""
    around = [one for one in operations if one.span.path == path and holds(one.span, position)]
    if not around:
        return []
    least = min(_extent(one.span) for one in around)
    return [one for one in around if _extent(one.span) == least]


def bound(text: Text, name: ast.Name) -> Bound | None:
    """The assignment before `name` in its function that binds it."""
    around = [one for one in text.at(text.span(name).start) if isinstance(one, ast.FunctionDef)]
    if not around:
        return None
    last: Bound | None = None
    for node in ast.walk(around[0]):
        if isinstance(node, ast.Assign) and node.lineno <= name.lineno:
            for target in node.targets:
                last = _in_target(target, name.id, node.value) or last
    return last


def _in_target(target: ast.expr, name: str, value: ast.expr) -> Bound | None:
    if isinstance(value, ast.ListComp):
        found = _in_target(target, name, value.elt)
        return None if found is None else Bound(found.value, found.index, is_listed=True)
    if isinstance(target, ast.Name) and target.id == name:
        return Bound(value)
    if isinstance(target, ast.Tuple | ast.List):
        for index, element in enumerate(target.elts):
            if isinstance(element, ast.Name) and element.id == name:
                return Bound(value, index)
    return None


def functions(text: Text) -> Iterator[ast.FunctionDef]:
    """All functions of a text."""
    return (node for node in ast.walk(text.tree) if isinstance(node, ast.FunctionDef))


def parameter(text: Text, function: str, name: str) -> ast.arg | None:
    """The parameter `name` of the function called `function`."""
    for node in functions(text):
        if node.name == function:
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            return next((one for one in every if one.arg == name), None)
    return None


def word(source: SourceFile, position: Position) -> tuple[str, Span] | None:
    """The word of letters, digits, `_`, `-` and `.` around a place."""
    line = source.line(position.line)
    start = end = min(position.column - 1, len(line))
    while start > 0 and (line[start - 1].isalnum() or line[start - 1] in "_-."):
        start -= 1
    while end < len(line) and (line[end].isalnum() or line[end] in "_-."):
        end += 1
    if start == end:
        return None
    place = Span(source.path, Position(position.line, start + 1), Position(position.line, end + 1))
    return line[start:end], place


def _extent(span: Span) -> tuple[int, int]:
    lines = span.end.line - span.start.line
    return lines, span.end.column - span.start.column if not lines else 0
