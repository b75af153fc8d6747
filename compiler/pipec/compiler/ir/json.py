"""The JSON form of the IR: writing it, with the standard library alone.

`pipec.compiler.ir.reader` reads it back, with pydantic.

Version 1. An object has the fields of its dataclass, in their order, without those that have their default. Operations
and values have a `kind`. A span is the text `path:line:column-line:column`; a type without arguments is its name.
What fits into a line stands on one, so that one changed call is one changed line or two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.compiler.record import MISSING, fields
from pipec.compiler.source import Span

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

VERSION = 1

KINDS: dict[type, str] = {
    Call: "call",
    If: "if",
    ForEach: "for_each",
    Group: "group",
    Const: "const",
    Param: "param",
    Output: "output",
    Item: "item",
    ListOf: "list",
    DictOf: "dict",
    Expr: "expr",
    Lazy: "lazy",
    RunFact: "fact",
}
"""The `kind` of each class of a union."""

ALIASES: dict[tuple[type, str], str] = {(Lazy, "kind"): "look_up", (RunFact, "kind"): "fact"}
"""Fields with another name in the JSON form, since `kind` tells the class."""

_WIDTH = 120


def write(pipeline: Pipeline) -> str:
    """The text of a `.ir.json` file: ASCII, with a newline at the end."""
    document = {"pipec_ir": VERSION, **cast("dict[str, Json]", plain(pipeline))}
    return _layout(document, 0) + "\n"


def read(text: str, path: str) -> tuple[Pipeline | None, list[Diagnostic]]:
    """The pipeline in the text of a `.ir.json` file, or errors (PC0107); see `pipec.compiler.ir.reader.read`."""
    from pipec.compiler.ir import reader

    return reader.read(text, path)


def plain(node: object) -> Json:
    """A node of the IR as plain JSON."""
    if node is None or isinstance(node, str | bool | int | float):
        return node
    if isinstance(node, Span):
        return f"{node}-{node.end.line}:{node.end.column}"
    if isinstance(node, Type):
        return _plain_type(node)
    if isinstance(node, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[str, object]", node).items()}
    if isinstance(node, list | tuple):
        return [plain(item) for item in cast("Iterable[object]", node)]
    kind = KINDS.get(type(node))
    written: dict[str, Json] = {} if kind is None else {"kind": kind}
    for name, default in _plan(cast("Hashable", type(node))):
        value = getattr(node, name)
        if value is not default and (default is MISSING or type(value) is not type(default) or value != default):
            written[ALIASES.get((type(node), name), name)] = plain(value)
    return written


@cache
def _plain_type(type_: Type) -> Json:
    if not type_.arguments and not type_.choices and not type_.is_variadic:
        return type_.name
    written: dict[str, Json] = {"name": type_.name}
    if type_.arguments:
        written["arguments"] = [_plain_type(argument) for argument in type_.arguments]
    if type_.choices:
        written["choices"] = list(type_.choices)
    if type_.is_variadic:
        written["is_variadic"] = True
    return written


@cache
def _plan(class_: Any) -> tuple[tuple[str, object], ...]:
    """The names of the fields of a dataclass, each with its default (`MISSING` if it has none)."""
    return tuple(
        (field.name, field.default if field.default_factory is MISSING else field.default_factory())
        for field in fields(class_)
    )


def _layout(node: Json, indent: int) -> str:
    """The node's text, whose first line starts `indent` characters into its line or later."""
    if isinstance(node, dict):
        entries = cast("Mapping[str, Json]", node).items()
        parts = [f"{json.dumps(key)}: {_layout(item, indent + 2)}" for key, item in entries]
        return _joined(parts, "{", "}", indent)
    if isinstance(node, list):
        return _joined([_layout(item, indent + 2) for item in cast("list[Json]", node)], "[", "]", indent)
    return json.dumps(node, allow_nan=False)


def _joined(parts: list[str], opening: str, closing: str, indent: int) -> str:
    length = indent + 2 + sum(map(len, parts)) + 2 * len(parts)
    if length <= _WIDTH and not any("\n" in part for part in parts):
        return opening + ", ".join(parts) + closing
    pad = "\n" + " " * (indent + 2)
    return opening + pad + ("," + pad).join(parts) + "\n" + " " * indent + closing
