"""Conditions and loops in words, for the comments of a DAG file: much as the source had them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipec.compiler.gates import ARM
from pipec.compiler.ir.constants import kind_of
from pipec.compiler.ir.model import Call, ForEach
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact

if TYPE_CHECKING:
    from pipec.backends.airflow.graph import Graph
    from pipec.compiler.ir.values import Json, Value

LONGEST = 72
"""Characters of a condition; what is longer ends in dots."""

_INFIX = frozenset("+ - * / // % ** @ == != < <= > >= in not_in is is_not and or & | ^ << >>".split())
_PREFIX = {"neg": "-", "pos": "+", "invert": "~", "not": "not "}


def of_gate(call: Call, graph: Graph) -> str:
    """`if score > 0.9`, `for name in names`."""
    (value,) = call.arguments.values()
    words = _Words(graph)
    if call.step != ARM:
        loops = (one for one in graph.operations.values() if isinstance(one, ForEach))
        variable = next(
            (one.variable for one in loops if isinstance(one.items, Output) and one.items.operation == call.id), "item"
        )
        return _short(f"for {variable} in {words.of(value)}")
    conditions: list[str] = []
    while isinstance(value, Expr) and value.op == "if":
        conditions.append(words.of(value.operands[0]))
        value = value.operands[2]
    return _short(", elif ".join([f"if {conditions[0]}", *conditions[1:]]) if conditions else "if")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class _Words:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, value: Value, is_inside: bool = False) -> str:
        match value:
            case Const(value=constant):
                return repr(_plain(constant)) if kind_of(constant) is None else "..."
            case Param(name=name):
                return name
            case Output(operation=id_, name=name):
                return id_ if name == "output" else f"{id_}.{name}"
            case Item(operation=id_):
                return self._variable(id_)
            case ListOf(items=items):
                return f"[{', '.join(map(self.of, items))}]"
            case DictOf(entries=entries):
                return f"{{{', '.join(f'{key!r}: {self.of(item)}' for key, item in entries)}}}"
            case Lazy(kind=kind):
                return f"{kind}(...)"
            case RunFact(kind=kind):
                return kind
            case Expr():
                return self._expression(value, is_inside)

    def _expression(self, value: Expr, is_inside: bool) -> str:
        op, operands = value.op, value.operands
        if op in _INFIX:
            text = f" {op.replace('_', ' ')} ".join(self.of(one, True) for one in operands)
            return f"({text})" if is_inside else text
        if op in _PREFIX and len(operands) == 1:
            return f"{_PREFIX[op]}{self.of(operands[0], True)}"
        if op == "index" and len(operands) == 2:
            source, index = operands
            # The gate of a loop has made `item` of it.
            if isinstance(index, Item):
                return self._variable(index.operation)
            return f"{self.of(source, True)}[{self.of(index)}]"
        if op in {"attr", "method"} and len(operands) > 1 and isinstance(operands[1], Const):
            arguments = f"({', '.join(map(self.of, operands[2:]))})" if op == "method" else ""
            return f"{self.of(operands[0], True)}.{operands[1].value}{arguments}"
        return f"{op}({', '.join(map(self.of, operands))})"

    def _variable(self, loop: str) -> str:
        operation = self.graph.operations.get(loop)
        return operation.variable if isinstance(operation, ForEach) else "item"


def _plain(value: Json) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
