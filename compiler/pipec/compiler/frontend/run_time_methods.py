"""Methods of values of the run, and of lists and dicts of which only a run knows how much they hold."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.control import element_type, run_time_decision
from pipec.compiler.frontend.values import Fault, Symbolic, Unknown, describe, find_unknown, is_open
from pipec.compiler.ir import types
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

CHANGING = frozenset(
    """append extend insert remove pop clear sort reverse update setdefault popitem add discard appendleft popleft
    extendleft rotate move_to_end intersection_update difference_update symmetric_difference_update subtract""".split()
)
"""Methods that change a list, dict, set or deque in place."""


def symbolic_method(receiver: Any, name: str, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    """`"{}".format(parameter)` and the like: computed by the step that consumes it."""
    for one in (*positional, *keywords.values()):
        if isinstance(one, Symbolic):
            operations.check_use(one, f"`.{name}()` of it", span)
    if keywords:
        method = operations.symbolic("attr", [receiver, name], types.ANY, span)
        return operations.call_in_run(method, positional, keywords, _method_type(name), span)
    operands = [receiver, name, *positional]
    return operations.symbolic("method", operands, _method_type(name), span)


def _method_type(name: str) -> types.Type:
    text = {"format", "join", "upper", "lower", "strip", "replace", "title", "removeprefix", "removesuffix"}
    return types.STR if name in text else types.ANY


def of_symbolic(interpreter: Interpreter, receiver: Symbolic, name: str, arguments: Arguments, span: Span) -> Any:
    """A method of a value of the run.

    Raises:
        Fault: it changes the value in place, or nothing outside a step can look into it.
    """
    operations.check_use(receiver, f"`.{name}()`", span)
    if name in CHANGING and receiver.value.type.name not in {"str", "bytes"}:
        raise Fault(_changed_in_place(receiver, name, span))
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    result = symbolic_method(receiver, name, positional, keywords, span)
    views = {"items", "keys", "values"}
    if receiver.value.type.name == "dict" and name in views:  # as a list: what looks into it may index it
        return operations.symbolic("list", [result], _view_type(receiver.value.type, name), span)
    if receiver.value.type.name == "dict" and name == "get" and len(positional) == 1:
        inner = result.value
        element = element_type(receiver.value.type)
        kind = element if element == types.ANY else types.union_of([element, types.NONE])
        return replace(result, value=replace(inner, type=kind))
    return result


def _view_type(kind: types.Type, name: str) -> types.Type:
    if len(kind.arguments) != 2:
        return types.Type("list")
    key, value = kind.arguments
    element = {"keys": key, "values": value}.get(name, types.Type("tuple", (key, value)))
    return types.Type("list", (element,))


def _changed_in_place(receiver: Symbolic, name: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0327",
        f"`.{name}()` changes {describe(receiver)} in place, which only a run knows",
        span,
        notes=("values of a run are handed on, never changed",),
        help="make a new one: `[*values, value]`, `{**entries, key: value}`",
    )


def update_dict(
    interpreter: Interpreter, receiver: dict[Any, Any], positional: list[Any], keywords: dict[str, Any], span: Span
) -> None:
    """`receiver.update(…)`, where only a run may know what is added."""
    for source in [*positional, keywords]:
        pairs = source
        if isinstance(source, list | tuple) and not is_open(source):
            pairs = operations.guarded(partial(dict, source), span)
        for key, value in interpreter.entries(pairs, span).items():
            interpreter.set_entry(receiver, key, value, span)


def of_open(interpreter: Interpreter, receiver: Any, name: str, arguments: Arguments, span: Span) -> Any:
    """A method of a list or dict of which only a run knows how much it holds."""
    positional, keywords = arguments.values()
    interpreter.journal.touch(receiver)
    if isinstance(receiver, list) and name == "append" and len(positional) == 1:
        receiver.append(positional[0])
        return None
    if isinstance(receiver, list) and name == "extend" and len(positional) == 1:
        if isinstance(positional[0], Unknown):
            return positional[0]
        receiver.extend(interpreter.spread(positional[0], span, "`extend`"))
        return None
    if isinstance(receiver, list) and name == "insert" and len(positional) == 2 and positional[0] == 0:
        receiver.insert(0, positional[1])
        return None
    if isinstance(receiver, dict) and name == "update":
        return update_dict(interpreter, receiver, positional, keywords, span)
    if name in {"clear", "copy"}:
        return getattr(receiver, name)()
    whole = interpreter.seal(receiver, span)
    if name in CHANGING:
        raise run_time_decision(f"`.{name}()`", whole, span)
    return of_symbolic(interpreter, whole, name, arguments, span)
