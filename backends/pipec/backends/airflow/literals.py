"""Python source text as black would lay it out: literals, calls, collections. The only way user text gets into a DAG file.

A `Node` is source text that stays on its line, or brackets around items, each with what stands before it (`key: `,
`name=`). What fits in a line is one line; else each item has a line of its own and a trailing comma, which formatters keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Json

WIDTH = 88
"""Characters in a line, as black and ruff have it by default."""

_INDENT = 4


@dataclass(frozen=True, slots=True)
class Brackets:
    """Items between brackets.

    Attributes:
        opening: what stands before the items, bracket included (`[`, `Param(`).
        items: each with its prefix.
        closing: the bracket.
        is_open: one item a line even if all would fit in one.
    """

    opening: str
    items: tuple[tuple[str, Node], ...]
    closing: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """A text for people: one literal, or one for each of its lines where it does not fit in a line."""

    text: str


Node = str | Brackets | Prose


def call(function: str, *items: tuple[str, Node], is_open: bool = False) -> Brackets:
    """A call of `function`, each argument with its prefix (`name=`, or nothing)."""
    return Brackets(f"{function}(", items, ")", is_open)


def literal(value: Json) -> Node:
    """The Python literal of canonical JSON: pure ASCII, no line breaks, equal to the value."""
    match value:
        case str():
            return quoted(value)
        case bool() | None:
            return repr(value)
        case int():
            return repr(value)
        case float():
            # A formatter would take the plus sign out.
            return repr(value).replace("e+", "e")
        case Mapping():
            entries = tuple((f"{quoted(key)}: ", literal(item)) for key, item in value.items())
            return Brackets("{", entries, "}")
        case Sequence():
            return Brackets("[", tuple(("", literal(item)) for item in value), "]")


def quoted(text: str) -> str:
    """A string literal of ASCII alone, in the quotes that need fewer escapes, double if it is the same."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return quote + "".join(map(_escaped, escaped)) + quote


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(character: str) -> str:
    if " " <= character <= "~":
        return character
    code = ord(character)
    return _SHORT.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def docstring(text: str) -> str:
    """A module's docstring. Its value is the text with a line break at the end where it has several lines."""
    lines = text.split("\n")
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    inner = "\n".join("".join(map(_escaped, line)) for line in escaped)
    if len(lines) > 1:
        return f'"""{inner}\n"""'
    if inner.endswith('"'):
        inner = inner[:-1] + '\\"'
    return f'"""{inner}"""'


def functions(*nodes: Node) -> Iterator[str]:
    """The names of all functions that are called in some nodes."""
    for node in nodes:
        if isinstance(node, Brackets):
            if node.opening.endswith("("):
                yield node.opening[:-1]
            yield from functions(*(item for _, item in node.items))


def flat(node: Node) -> str:
    """The node in one line."""
    match node:
        case str():
            return node
        case Prose(text=text):
            return quoted(text)
        case Brackets():
            return node.opening + ", ".join(prefix + flat(item) for prefix, item in node.items) + node.closing


def render(node: Node, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """The node's lines. The first has no indentation: `before` characters stand left of it, `after` right of the last."""
    if isinstance(node, str) or (not _is_open(node) and indent + before + len(flat(node)) + after <= WIDTH):
        return flat(node)
    inner = indent + _INDENT
    if isinstance(node, Prose):
        lines = [" " * inner + quoted(line) for line in _LINE.findall(node.text)]
        return "\n".join(["(", *lines, " " * indent + ")"]) if len(lines) > 1 else quoted(node.text)
    if not node.items:
        return flat(node)
    # What is left of the comma is one character longer than the item.
    lines = [" " * inner + prefix + render(item, inner, len(prefix), 1) + "," for prefix, item in node.items]
    return "\n".join([node.opening, *lines, " " * indent + node.closing])


_LINE = pattern(r"[^\n]*\n|[^\n]+")


def _is_open(node: Node) -> bool:
    return isinstance(node, Brackets) and (node.is_open or any(_is_open(item) for _, item in node.items))
