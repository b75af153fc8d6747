"""Operators and the like over values: computed where all is known, an `Expr` where a run-time value takes part."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.values import (
    ABSTRACT,
    EnumMember,
    Fault,
    RunTimeKey,
    Spread,
    StepResult,
    Symbolic,
    describe,
    find_unknown,
    is_known,
    is_open,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Expr, Lazy, Output, RunFact, Value
from pipec.compiler.ir.walk import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipec.compiler.source import Span

SIZE_BOUND = 10_000_000
"""The most elements, characters or bits that one folded operation may make."""

BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
    ast.LShift: ("<<", operator.lshift),
    ast.RShift: (">>", operator.rshift),
    ast.BitOr: ("|", operator.or_),
    ast.BitAnd: ("&", operator.and_),
    ast.BitXor: ("^", operator.xor),
}
COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is_not", operator.is_not),
    ast.In: ("in", lambda item, container: item in container),
    ast.NotIn: ("not_in", lambda item, container: item not in container),
}
UNARY: dict[type[ast.unaryop], tuple[str, Callable[[Any], Any]]] = {
    ast.USub: ("neg", operator.neg),
    ast.UAdd: ("pos", operator.pos),
    ast.Not: ("not", operator.not_),
    ast.Invert: ("invert", operator.invert),
}
_BOOLEAN = frozenset({"==", "!=", "<", "<=", ">", ">=", "is", "is_not", "in", "not_in", "not"})


def apply(name: str, function: Callable[..., Any], operands: Sequence[Any], span: Span) -> Any:
    """`function(*operands)` where all are known, else an expression of the run; an unknown operand makes it unknown.

    Raises:
        Fault: the operation fails, is too large, or has no meaning on one of its operands.
    """
    for operand in operands:
        if unknown := find_unknown(operand):
            return unknown
    if name not in {"+", "*", "is", "is_not"}:
        operands = [as_symbolic(operand, span) if is_open(operand) else operand for operand in operands]
    if name in {"is", "is_not"} and not any(isinstance(operand, Symbolic) for operand in operands):
        return function(*operands)
    if all(is_known(operand) for operand in operands) or _is_container_operation(name, operands):
        check_size(name, operands, span)
        return guarded(lambda: function(*map(_plain, operands)), span)
    if not any(_holds_run_time(operand) for operand in operands):
        if name in {"==", "!=", "in", "not_in", "not"}:
            return guarded(lambda: function(*operands), span)
        stranger = next(operand for operand in operands if isinstance(operand, ABSTRACT))
        raise Fault(_not_a_value(stranger, span))
    return symbolic(name, operands, _result_type(name, operands), span)


EXPRESSION_BOUND = 20_000
"""The most parts that one expression of the run may have."""

NESTING_BOUND = 100
"""How deep the parts of an expression may nest."""


def symbolic(op: str, operands: Sequence[Any], type_: Type, span: Span) -> Symbolic:
    """The expression `op` over values of the evaluator, to be computed in the run.

    Raises:
        Fault: an operand cannot travel, or the expression grows beyond all measure.
    """
    measures = [_measure(operand) for operand in operands]
    size, depth = 1 + sum(size for size, _ in measures), 1 + max((depth for _, depth in measures), default=0)
    if size > EXPRESSION_BOUND or depth > NESTING_BOUND:
        how = (
            f"of more than {EXPRESSION_BOUND:,} parts"
            if size > EXPRESSION_BOUND
            else f"nested deeper than {NESTING_BOUND} levels"
        )
        message = f"this makes an expression {how}, which each run would compute"
        raise Fault(Diagnostic("PC0209", message, span, help="compute it inside a step"))
    return Symbolic(Expr(op, tuple(to_value(operand, span) for operand in operands), type_), size, depth)


def call_in_run(
    function: Any, positional: Sequence[Any], keywords: Mapping[str, Any], type_: Type, span: Span
) -> Symbolic:
    """The call of `function`, a value of the run or a symbol, computed by the step that consumes it.

    Raises:
        Fault: an argument cannot travel.
    """
    return symbolic("call", [function, list(positional), dict(keywords)], type_, span)


def as_symbolic(value: Any, span: Span) -> Symbolic:
    """Any value as one of the run.

    Raises:
        Fault: it cannot travel.
    """
    if isinstance(value, Symbolic):
        return value
    return Symbolic(to_value(value, span), *_measure(value))


def _measure(value: Any) -> tuple[int, int]:
    """The size and the depth of a value, as `Symbolic` has them."""
    match value:
        case Symbolic(size=size, depth=depth):
            return size, depth
        case Spread(value=inner):
            return _measure(inner)
        case list() | tuple() | dict():
            parts = [_measure(one) for one in (value.values() if isinstance(value, dict) else value)]
            return 1 + sum(size for size, _ in parts), 1 + max((depth for _, depth in parts), default=0)
        case _:
            return 1, 0


def guarded(compute: Callable[[], Any], span: Span) -> Any:
    """What `compute` returns; an exception of Python's becomes a fault at `span`."""
    try:
        return compute()
    except (Exception, RecursionError) as error:
        if isinstance(error, Fault):
            raise
        if isinstance(error, MemoryError):
            message = "this makes a value that is too large"
            raise Fault(Diagnostic("PC0209", message, span, help="compute it inside a step")) from error
        fault = Fault(Diagnostic("PC0206", f"this raises {_exception(error)}", span))
        fault.__cause__ = error
        raise fault from error


def _exception(error: BaseException) -> str:
    text = str(error).splitlines()[0][:200] if str(error) else ""
    return f"`{type(error).__name__}`" + (f": {text}" if text else "")


def _plain(value: Any) -> Any:
    """An enum member that is text compares and joins as its text."""
    return value.value if isinstance(value, EnumMember) and value.is_text else value


def _is_container_operation(name: str, operands: Sequence[Any]) -> bool:
    """Whether it only moves elements about, so that they may be anything: `[a] + [b]`, `[a] * 2`, `{**a} | b`, `not [a]`."""
    if name == "not":
        return isinstance(operands[0], list | tuple | dict | set)
    if name in {"+", "|"}:
        return type(operands[0]) is type(operands[1]) and isinstance(operands[0], list | tuple | dict)
    if name == "*":
        return any(isinstance(one, list | tuple) for one in operands) and any(type(one) is int for one in operands)
    return name in {"in", "not_in"} and isinstance(operands[1], dict) and is_known(operands[0])


def _holds_run_time(value: Any) -> bool:
    if isinstance(value, Symbolic | StepResult | Spread):
        return True
    if isinstance(value, dict):
        return any(map(_holds_run_time, value.values())) or any(isinstance(key, RunTimeKey) for key in value)
    return isinstance(value, list | tuple | set) and any(map(_holds_run_time, value))


def check_size(name: str, operands: Sequence[Any], span: Span) -> None:
    """Refuses an operation whose result is larger than `SIZE_BOUND`.

    Raises:
        Fault: it is.
    """
    size = 0
    if name == "*":
        count = next((one for one in operands if type(one) is int), 0)
        sized = next((one for one in operands if isinstance(one, str | bytes | list | tuple)), None)
        size = len(sized) * max(count, 0) if sized is not None else sum(_bits(one) for one in operands)
    elif name == "+" and isinstance(operands[0], str | bytes | list | tuple) and type(operands[0]) is type(operands[1]):
        size = sum(map(len, operands))
    elif name == "**" and all(type(one) is int for one in operands):
        size = _bits(operands[0]) * max(operands[1], 0)
    elif name == "<<" and all(type(one) is int for one in operands):
        size = _bits(operands[0]) + max(operands[1], 0)
    if size > SIZE_BOUND:
        message = f"this would make a value of {size:,} elements or bits; the bound is {SIZE_BOUND:,}"
        raise Fault(Diagnostic("PC0209", message, span, help="compute it inside a step"))


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _not_a_value(stranger: Any, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0204", f"{describe(stranger)} has no value at compile time", span, help="compute it inside a step"
    )


def _result_type(name: str, operands: Sequence[Any]) -> Type:
    if name in _BOOLEAN:
        return types.BOOL
    if name in {"format", "str", "join"}:
        return types.STR
    known = [type_of(operand) for operand in operands]
    if name in {"+", "-", "*", "//", "%", "**"} and all(one == types.INT for one in known):
        return types.INT if name != "**" else types.ANY
    if name in {"+", "-", "*", "/", "**"} and all(one in (types.INT, types.FLOAT) for one in known):
        return types.FLOAT
    if name == "+" and all(one == types.STR for one in known):
        return types.STR
    return types.ANY


def type_of(value: Any) -> Type:
    """The static type of a value of the evaluator; `any` where that is not known."""
    if isinstance(value, Symbolic):
        return value.value.type
    if isinstance(value, bool | int | float | str | bytes) or value is None:
        return types.NONE if value is None else Type(type(value).__name__)
    return types.ANY


def check_use(value: Symbolic, use: str, span: Span) -> None:
    """Refuses what no target could mean: looking into a result whose type is not JSON (`frame["x"]`, `f"{model}"`).

    ZenML and KFP compile these silently wrong (`reference/zenml.md` §0, fact 3).
    """
    if isinstance(value.value, Output) and not _can_be_looked_into(value.value.type):
        diagnostic = Diagnostic(
            "PC0309",
            f"{use} is not possible: {describe(value)} is known only inside a step",
            span,
            notes=(
                f"its type is `{value.value.type}`; only numbers, text, and lists and dicts of them can be used here",
            ),
            help="do it inside a step, or annotate the step's return type if it is one of those",
        )
        raise Fault(diagnostic)


def _can_be_looked_into(type_: Type) -> bool:
    return all(
        member.name in {"bool", "int", "float", "str", "none", "list", "dict", "literal", "tuple"}
        for member in types.members(type_)
    )


def item_count(value: Symbolic, span: Span) -> Symbolic:
    """`artifact.item_count` of a dynamic pipeline: how many elements a result has.

    Raises:
        Fault: only a step can tell.
    """
    check_use(value, "`.item_count`", span)
    return symbolic("len", [value], types.INT, span)


def check_shape(value: Symbolic, what: str, span: Span) -> None:
    """Refuses to let the clock, chance, the environment or a look-up decide what the graph is.

    Args:
        value: what decides.
        what: what it decides, for the headline: "an `if`", "how often a loop runs", "the name of a call".
        span: where.

    Raises:
        Fault: it is one of these, or is computed from one.
    """
    for leaf in leaves(value.value):
        match leaf:
            case RunFact(kind=kind):
                decides = "chance" if kind == "random" else "the clock"
                help_ = "decide inside a step, whose result the pipeline may branch on"
            case Lazy(kind="environment", query=query):
                decides = f"the environment variable `{query['name']}`"
                help_ = "make it a parameter of the pipeline, or let a step read it and return what decides"
            case Lazy():
                decides = "a value that is looked up"
                help_ = "let a step take the value and return what decides"
            case _:
                continue
        note = "a graph is fixed when it is compiled, and this is known only in the container of a step"
        raise Fault(Diagnostic("PC0220", f"{decides} decides {what}", span, notes=(note,), help=help_))


def to_value(value: Any, span: Span) -> Value:
    """`value` as an IR value.

    Raises:
        Fault: it cannot travel to a step.
    """
    from pipec.compiler.frontend.transport import to_ir  # it needs operations' type_of: one direction at import

    return to_ir(value, span)
