"""Calls of Python's own functions over values of the run: expressions that the step which consumes them computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import control, operations
from pipec.compiler.frontend.values import MISSING, Fault, StepResult, Symbolic
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Item

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_SEQUENCES = frozenset({"range", "enumerate", "zip", "reversed"})
_FOLDING = frozenset({"sum", "min", "max", "sorted", "any", "all", "str", "repr"})


def run_time_call(
    interpreter: Interpreter, name: str, positional: list[Any], keywords: dict[str, Any], span: Span
) -> Any:
    """The call as a value of the run; `MISSING` where it concerns none.

    Raises:
        Fault: nothing in a run stands for it.
    """
    is_direct = any(isinstance(one, Symbolic | StepResult) for one in positional)
    if name in _SEQUENCES and any(isinstance(one, Symbolic) for one in positional):
        return _symbolic_sequence(name, positional, keywords, span)
    if name == "map" and any(isinstance(one, Symbolic) for one in positional[1:]) and interpreter.graph is not None:
        return _mapped(interpreter, positional[0], positional[1:], span)
    if is_direct and name not in {"map", "filter"} and "key" not in keywords:
        if keywords:
            raise Fault(_with_keyword(name, keywords, span))
        return symbolic_builtin(name, positional, span)
    if name in _FOLDING and positional and not keywords and any(map(has_run_time, positional)):
        return symbolic_builtin(name, positional, span)
    return MISSING


def _mapped(interpreter: Interpreter, function: Any, sources: list[Any], span: Span) -> list[Any]:
    """`map(function, values)`: a loop whose body is the call."""
    from pipec.compiler.frontend.builtin_calls import call_value

    lists = [interpreter.run_time_items(one, span) or interpreter.seal(list(one), span) for one in sources]
    elements = tuple(control.element_type(one.value.type) for one in lists)
    kind = Type("list", (Type("tuple", elements),))
    items = lists[0] if len(lists) == 1 else operations.symbolic("zip", lists, kind, span)
    result: list[Any] = []

    def body(item: Symbolic) -> None:
        assert isinstance(item.value, Item)
        loop = item.value.operation
        parts = [item] if len(lists) == 1 else [Symbolic(Item(loop, one, (i,))) for i, one in enumerate(elements)]
        value = call_value(interpreter, function, list(parts), span)
        interpreter.journal.touch(result)
        result.append(value)

    interpreter.temporaries.append(("mapped", result))
    try:
        interpreter.each(items, "", span, body)
    finally:
        interpreter.temporaries.pop()
    return result


def has_run_time(value: Any) -> bool:
    """Whether `value` is a list or tuple with a value of the run in it."""
    return isinstance(value, list | tuple) and any(isinstance(one, Symbolic) for one in value)


def _symbolic_sequence(name: str, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    """`range(n)`, `zip(names, rates)`, … as lists of the run."""
    for one in positional:
        if isinstance(one, Symbolic):
            operations.check_use(one, f"`{name}` of it", span)
    if name == "enumerate" and set(keywords) == {"start"} and len(positional) == 1:
        positional, keywords = [positional[0], keywords["start"]], {}
    if keywords and not (name == "zip" and keywords.get("strict") is False):
        raise Fault(_with_keyword(name, keywords, span))
    plain = [list(one) if isinstance(one, range | dict | str) else one for one in positional]
    elements = tuple(control.element_type(operations.to_value(one, span).type) for one in plain)
    kind = {
        "range": types.INT,
        "enumerate": Type("tuple", (types.INT, *elements[:1])),
        "zip": Type("tuple", elements),
        "reversed": (*elements, types.ANY)[0],
    }[name]
    return operations.symbolic(name, plain, Type("list", (kind,)), span)


def symbolic_builtin(name: str, positional: list[Any], span: Span) -> Any:
    """`len(results)`, `str(parameter)`, …: computed by the step that consumes it."""
    result = {"len": types.INT, "int": types.INT, "float": types.FLOAT, "str": types.STR, "bool": types.BOOL}
    more = {"abs", "min", "max", "sum", "round", "sorted", "list", "tuple", "dict", "set", "repr", "any", "all"}
    for one in positional:
        if isinstance(one, Symbolic):
            operations.check_use(one, f"`{name}` of it", span)
    if name == "len" and isinstance(positional[0], StepResult):
        return len(positional[0].outputs)
    if name not in result and name not in more:
        raise Fault(
            Diagnostic(
                "PC0312", f"`{name}` over a run-time value is not supported here", span, help="do it inside a step"
            )
        )
    kind = result.get(name, types.ANY)
    if name in {"list", "sorted"}:
        kind = Type("list", (control.element_type(operations.type_of(positional[0])),))
    if name in {"any", "all"}:
        kind = types.BOOL
    return operations.symbolic(name, positional, kind, span)


def _with_keyword(name: str, keywords: dict[str, Any], span: Span) -> Diagnostic:
    message = f"`{name}` with `{next(iter(keywords))}=` over a run-time value is not supported"
    return Diagnostic("PC0312", message, span, help="do it inside a step")
