"""Values of the IR in the words of a picture: `load.rows > size * 10` for what the printer calls `%load.rows > ($size * 10)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.constants import text
from pipec.compiler.ir.model import ForEach
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param
from pipec.compiler.ir.walk import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Value

_BINARY = frozenset("+ - * / // % ** @ == != < <= > >= and or in | & ^".split())
_SPELLED = {"not_in": "not in", "is_not": "is not", "is": "is"}


def loop_variables(pipeline: Pipeline) -> dict[str, str]:
    """What each loop calls its item, by the loop's id."""
    return {one.id: one.variable for one in operations(pipeline.body) if isinstance(one, ForEach)}


def words(value: Value, variables: Mapping[str, str]) -> str:
    """`value` as a person would write it.

    Args:
        value: any value of the IR.
        variables: names of loop variables, as `loop_variables` gives them.
    """
    match value:
        case Const(value=constant):
            return text(constant)
        case Param(name=name):
            return name
        case Output(operation=operation, name=name):
            return operation if name == "output" else f"{operation}.{name}"
        case Item(operation=operation, path=path):
            return variables.get(operation, "item") + "".join(f"[{index}]" for index in path)
        case ListOf(items=items, is_tuple=is_tuple):
            inside = ", ".join(words(item, variables) for item in items)
            return f"({inside}{',' * (len(items) == 1)})" if is_tuple else f"[{inside}]"
        case DictOf(entries=entries):
            return "{" + ", ".join(f"{text(key)}: {words(item, variables)}" for key, item in entries) + "}"
        case Expr():
            return _expression(value, variables)
        case Lazy(kind=kind, query=query):
            return f"{kind}({', '.join(f'{name}={text(item)}' for name, item in query.items())})"
        case _:
            return f"{value.kind} of the run"


def _expression(value: Expr, variables: Mapping[str, str]) -> str:
    operands = value.operands
    op = _SPELLED.get(value.op, value.op)
    if (value.op in _BINARY or value.op in _SPELLED) and len(operands) == 2:
        left, right = (
            f"({words(one, variables)})" if isinstance(one, Expr) and one.op in _BINARY else words(one, variables)
            for one in operands
        )
        return f"{left} {op} {right}"
    if value.op == "join" and all(_is_part(one) for one in operands):
        parts = (words(one.operands[0], variables) if isinstance(one, Expr) else "" for one in operands)
        texts = (
            str(one.value) if isinstance(one, Const) else f"{{{part}}}"
            for one, part in zip(operands, parts, strict=True)
        )
        return text("".join(texts))
    if value.op == "index" and len(operands) == 2:
        return f"{words(operands[0], variables)}[{words(operands[1], variables)}]"
    return f"{op}({', '.join(words(one, variables) for one in operands)})"


def _is_part(value: Value) -> bool:
    """Whether it is a part of an f-string: text, or one value in braces without a format of its own."""
    if isinstance(value, Const):
        return isinstance(value.value, str)
    return isinstance(value, Expr) and value.op == "format" and len(value.operands) == 1
