"""Values in words, and plain JSON compared key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.ir.constants import text as constant_text
from pipec.compiler.ir.printer import print_value
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipec.compiler.ir.values import Json, Value

WIDTH = 72
"""Characters of a value that are shown."""

ABSENT = object()
"""Stands for a key that is not there."""

_BINARY = frozenset("+ - * / // % ** @ == != < <= > >= and or in | & ^".split())


def words(value: Value, renamed: Mapping[str, str] | None = None) -> str:
    """A value as a person would write it, whole; ids of operations as `renamed` calls them now."""
    names = renamed or {}
    match value:
        case Const(value=constant):
            return constant_text(constant)
        case Param(name=name):
            return f"parameter {name}"
        case Output(operation=operation, name=name):
            return f"{names.get(operation, operation)}.{name}"
        case Item(operation=operation, path=path):
            return f"item of {names.get(operation, operation)}" + "".join(f"[{index}]" for index in path)
        case ListOf(items=items, is_tuple=is_tuple):
            inside = ", ".join(words(item, names) for item in items)
            return f"({inside})" if is_tuple else f"[{inside}]"
        case DictOf(entries=entries):
            return "{" + ", ".join(f"{constant_text(key)}: {words(item, names)}" for key, item in entries) + "}"
        case Expr(op=op, operands=operands):
            parts = [_part(one, names) for one in operands]
            return f" {op} ".join(parts) if op in _BINARY and len(parts) == 2 else f"{op}({', '.join(parts)})"
        case Lazy() | RunFact():
            return print_value(value)


def _part(value: Value, names: Mapping[str, str]) -> str:
    said = words(value, names).removeprefix("parameter ")
    return f"({said})" if isinstance(value, Expr) and value.op in _BINARY else said


def shown(text: str) -> str:
    """`text` in backticks, cut to `WIDTH` characters; the middle of a long one is left out."""
    flat = " ".join(text.split())
    if len(flat) > WIDTH:
        flat = f"{flat[: WIDTH // 2 - 2]} … {flat[-(WIDTH // 2 - 2) :]}"
    return f"`{flat.replace('`', chr(39))}`"


def plainly(value: Any) -> str:
    """A setting's value in words: numbers as they are, `none` for what is not set, all else in backticks."""
    if value is None or value is ABSENT:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 1_000_000 else str(value)
    return shown(value if isinstance(value, str) else constant_text(value))


def turned(before: Any, after: Any) -> str:
    """`0.1 → 0.05`; two long values that look alike when they are cut are told apart by where they part."""
    old, new = plainly(before), plainly(after)
    if old == new:
        first, second = str(before), str(after)
        at = next((i for i, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, at - 10)
        old, new = shown(f"…{first[start : start + 40]}"), shown(f"…{second[start : start + 40]}")
    return f"{old} → {new}"


def listed(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def seconds(value: float | None) -> str:
    """A duration in words."""
    return "none" if value is None else f"{value:g} s"


def unlike(before: Json, after: Json, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The paths at which two pieces of plain JSON differ, with both values; `ABSENT` where one has nothing.

    Lists of scalars are compared as sets would be, but in order: what was added and removed is told, a new order as a
    change of the whole list.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            inner = f"{path}.{key}" if path else str(key)
            if key not in before or key not in after:
                yield inner, before.get(key, ABSENT), after.get(key, ABSENT)
            else:
                yield from unlike(before[key], after[key], inner)
    elif type(before) is not type(after) or before != after:
        yield path, before, after
