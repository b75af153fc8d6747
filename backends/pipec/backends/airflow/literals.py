"""Python literals, laid out as a formatter would: the one way in which text of the user gets into a DAG file.

Output is ASCII, so that nothing in it looks like what it is not, and never part of a comment or a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH = 88
"""Columns of a line: black's and ruff's default."""

Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]


class Code(str):
    """Python code of our own making, printed as it is: a name, a call."""

    __slots__ = ()


def text_literal(text: str) -> str:
    """A string literal, in double quotes unless that takes more escapes."""
    quote = "'" if '"' in text and "'" not in text else '"'
    escaped = "".join(_character(character, quote) for character in text)
    return f"{quote}{escaped}{quote}"


def _character(character: str, quote: str) -> str:
    if character in {quote, "\\"}:
        return "\\" + character
    if character.isascii() and character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def literal(value: Plain, column: int, indent: int) -> str:
    """The literal for `value`, which begins at `column`; lines of its own are indented by `indent` and four more."""
    flat = _flat(value)
    inner = " " * (indent + 4)
    if column + len(flat) <= WIDTH or not value:
        return flat
    if isinstance(value, str) and not isinstance(value, Code) and "\n" in value.rstrip("\n"):
        pieces = [f"{inner}{text_literal(line)}" for line in value.splitlines(keepends=True)]
        return "\n".join(["(", *pieces, " " * indent + ")"])
    if not isinstance(value, dict | list | tuple):
        return flat
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            head = f"{inner}{text_literal(key)}: "
            lines.append(f"{head}{literal(item, len(head) + 1, indent + 4)},")
    else:
        lines += [f"{inner}{literal(item, len(inner) + 1, indent + 4)}," for item in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "\n".join([opening, *lines, " " * indent + closing])


def _flat(value: Plain) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text_literal(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return repr(value)


def call(head: str, arguments: Sequence[tuple[str, Plain]], indent: int, tail: str = "") -> str:
    """`head(arguments)tail`, on one line if it fits, else an argument a line; an argument without a name is positional."""
    flat = ", ".join((f"{name}=" if name else "") + _flat(value) for name, value in arguments)
    space = " " * indent
    if len(f"{space}{head}({flat}){tail}") <= WIDTH:
        return f"{space}{head}({flat}){tail}"
    lines: list[str] = []
    for name, value in arguments:
        start = f"{space}    {name}=" if name else f"{space}    "
        lines.append(f"{start}{literal(value, len(start) + 1, indent + 4)},")
    return "\n".join([f"{space}{head}(", *lines, f"{space}){tail}"])
