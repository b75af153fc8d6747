"""Where a value decides what happens next: truth, iteration, unpacking. Only what is known can decide."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    Freeze,
    ProjectFile,
    RunTimeKey,
    Spread,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    is_open,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Item, Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

ITERATION_BOUND = 100_000
"""The most items that one loop may be unrolled over."""


class ControlMixin:
    """Decides by values; part of `Interpreter`."""

    def truth(self, value: Any, span: Span, construct: str) -> bool:
        """Whether Python takes `value` for true.

        Raises:
            Fault: that is known only to a run, or not at all.
        """
        match value:
            case Unknown(diagnostic=diagnostic):
                raise Fault(diagnostic)
            case Symbolic():
                operations.check_use(value, "a condition on it", span)
                operations.check_shape(value, f"an `{construct}`", span)
                raise run_time_decision(construct, value, span)
            case list() | tuple() | dict() if is_open(value):
                raise run_time_decision(construct, self.seal(value, span), span)
            case StepResult(outputs=()):
                from pipec.compiler.frontend.transport import no_output

                raise Fault(no_output(value, span))
            case StepResult():
                return True
            case External(path="typing.TYPE_CHECKING"):
                return True
            case External():
                raise Fault(not_known(value, span))
            case EnumMember(is_text=True):
                return bool(value.value)
            case _ if isinstance(value, ABSTRACT):
                return True
            case _:
                return bool(value)

    def iterate(self, value: Any, span: Span, construct: str) -> list[Any]:
        """The items of `value`, which a loop is unrolled over.

        Raises:
            Fault: they are known only to a run, or there are too many.
        """
        match value:
            case Unknown(diagnostic=diagnostic):
                raise Fault(diagnostic)
            case Symbolic() | list() | tuple() | dict() if isinstance(value, Symbolic) or is_open(value):
                whole = self.seal(value, span)
                operations.check_use(whole, "iteration over it", span)
                operations.check_shape(whole, "how often a loop runs", span)
                raise run_time_decision(construct, whole, span)
            case StepResult(outputs=outputs) if outputs:
                return list(outputs)
            case ClassValue() if value.names.get("__members__"):
                return list(value.names["__members__"].values())
            case External():
                raise Fault(not_known(value, span))
            case ProjectFile(text=text):
                return text.splitlines(keepends=True)
            case _ if isinstance(value, ABSTRACT):
                message = f"{describe(value)} cannot be iterated over"
                raise Fault(Diagnostic("PC0206", message, span))
            case range() if len(value) > ITERATION_BOUND:
                raise Fault(_too_many(len(value), span))
            case _:
                items = operations.guarded(lambda: list(_bounded(value)), span)
                if len(items) > ITERATION_BOUND:
                    raise Fault(_too_many(None, span))
                return cast("list[Any]", items)

    def seal(self, value: Any, span: Span) -> Symbolic:
        """A list or dict with run-time parts as one value of the run.

        Raises:
            Fault: something in it cannot travel.
        """
        return operations.as_symbolic(value, span)

    def settle_open(self, value: Any, span: Span) -> Any:
        """`value`, as one value of the run if it is a list or dict of which only a run knows how much it holds."""
        return self.seal(value, span) if is_open(value) else value

    def run_time_items(self, value: Any, span: Span) -> Symbolic | None:
        """The list that a loop over `value` goes over in a run; None where its items are known now.

        Raises:
            Fault: no target could mean iteration over it.
        """
        value = self.settle_open(value, span)
        if not isinstance(value, Symbolic):
            return None
        operations.check_use(value, "iteration over it", span)
        operations.check_shape(value, "how often a loop runs", span)
        kind = value.value.type
        if kind.name in {"dict", "str", "set", "frozenset"}:
            element = kind.arguments[0] if kind.arguments else types.STR if kind.name == "str" else types.ANY
            return operations.symbolic("list", [value], Type("list", (element,)), span)
        return value

    def spread(self, value: Any, span: Span, construct: str) -> list[Any]:
        """The elements that `value` adds to a list: `*value`, `extend(value)`.

        Raises:
            Fault: it cannot be iterated over, or has too many.
        """
        if isinstance(value, list | tuple):
            return list(value)
        items = self.run_time_items(value, span)
        if items is None:
            return self.iterate(value, span, construct)
        kind = items.value.type
        is_list = kind.name == "list"
        return [Spread(items if is_list else operations.symbolic("list", [items], Type("list"), span))]

    def entries(self, value: Any, span: Span) -> dict[Any, Any]:
        """The entries that `value` adds to a dict: `**value`, `update(value)`.

        Raises:
            Fault: it is no mapping.
        """
        if isinstance(value, Symbolic):
            operations.check_use(value, "spreading it", span)
            spread = Spread(value)
            return {spread: value}
        return dict(cast("Interpreter", self).as_mapping(value, span))

    def set_entry(self, container: dict[Any, Any], key: Any, value: Any, span: Span) -> None:
        """`container[key] = value`, where the key or the size of the dict may be known only to a run.

        Raises:
            Fault: the key cannot be one.
        """
        if isinstance(key, Symbolic):
            if key.value.type.name in {"list", "dict", "set"}:
                raise Fault(run_time_control("a dict key", key, span))
            operations.check_use(key, "a dict key", span)
            key = RunTimeKey(key)
        elif is_open(container) and not isinstance(key, Spread | RunTimeKey):
            key = RunTimeKey(Symbolic(operations.to_value(key, span)))
        operations.guarded(lambda: container.__setitem__(key, value), span)

    def unpack(self, targets: Sequence[ast.expr], value: Any, frame: Frame, target: ast.expr) -> list[Any]:
        """The parts of `value`, one for each of `targets`.

        Raises:
            Fault: there are too few or too many.
        """
        this = cast("Interpreter", self)
        span = this.span(target, frame)
        if isinstance(value, Unknown):
            return [value] * len(targets)
        if isinstance(value, Symbolic):
            count = _literal_count(this, value)
            return _unpack_literal(value, count, targets, span) if count else _unpack_symbolic(value, targets, span)
        if isinstance(value, StepResult) and not value.outputs:
            raise Fault(_wrong_arity(f"`{value.step}` returns nothing", len(targets), span))
        items = self.iterate(value, span, "unpacking")
        star = next((i for i, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
        if (star is None and len(items) != len(targets)) or (star is not None and len(items) < len(targets) - 1):
            what = (
                f"`{value.step}` returns {len(items)} values"
                if isinstance(value, StepResult)
                else f"there are {len(items)} values"
            )
            raise Fault(_wrong_arity(what, len(targets), span, getattr(value, "names", ())))
        if star is None:
            return items
        after = len(targets) - star - 1
        end = len(items) - after
        return [*items[:star], items[star:end], *items[end:]]


def run_time_decision(construct: str, value: Symbolic, span: Span) -> BaseException:
    """What to raise where a value of the run decides what only the compiler can decide.

    That is a wish to fix the parameters behind it, or a fault where something else is behind it.
    """
    from pipec.compiler.frontend.sameness import parameters_of

    parameters = parameters_of([value])
    if parameters:
        return Freeze(parameters, span, _DECIDED.get(construct, f"what {construct} does"))
    return Fault(run_time_control(construct, value, span))


_DECIDED = {
    "if": "which way a condition goes that must be known",
    "while": "how often `while` runs",
    "match": "which `case` is taken",
    "loop": "how often a loop runs",
    "a comprehension": "how often a comprehension runs",
}

_CONSTRUCTS = {
    "if": "`if`",
    "while": "`while`",
    "match": "`match`",
    "loop": "a loop",
    "and": "`and`",
    "or": "`or`",
    "not": "`not`",
}


def run_time_control(construct: str, value: Symbolic, span: Span) -> Diagnostic:
    """Control flow over what only a run knows, which this compiler cannot express yet."""
    help_ = "decide inside a step"
    if type(value.value).__name__ == "Param":
        name = cast("Any", value.value).name
        help_ = f"fix the parameter for this compilation with `--bind {name}=VALUE`, or decide inside a step"
    what = _CONSTRUCTS.get(construct, construct)
    return Diagnostic(
        "PC0312", f"{what} over {describe(value)}, which only a run knows, cannot be expressed", span, help=help_
    )


def not_known(value: Any, span: Span) -> Diagnostic:
    """The fault of needing a value that only a run, or another package, knows."""
    return Diagnostic(
        "PC0204",
        f"{describe(value)} is not known at compile time",
        span,
        notes=("the compiler never imports or runs code, so values of other packages are only names to it",),
        help="use it inside a step",
    )


def _too_many(count: int | None, span: Span) -> Diagnostic:
    found = f"{count:,}" if count is not None else "more"
    message = f"a loop over {found} items is not unrolled; the bound is {ITERATION_BOUND:,}"
    return Diagnostic("PC0209", message, span, help="loop inside a step")


def _wrong_arity(what: str, wanted: int, span: Span, output_names: Sequence[str] = ()) -> Diagnostic:
    notes = (f"the outputs are {', '.join(f'`{name}`' for name in output_names)}",) if output_names else ()
    targets = f"{wanted} name{'s' if wanted != 1 else ''}"
    return Diagnostic("PC0303", f"{what}, which cannot be unpacked into {targets}", span, notes=notes)


def _literal_count(interpreter: Interpreter, value: Symbolic) -> int:
    """How many values the step returns whose one result `value` is, where nothing but its `return` says it; else 0."""
    inner = value.value
    if not isinstance(inner, Output) or inner.type != types.ANY or interpreter.graph is None:
        return 0
    made = interpreter.graph.find(inner.operation)
    return interpreter.program.tuples.get(made.step, 0) if isinstance(made, Call) else 0


def _unpack_literal(value: Symbolic, count: int, targets: Sequence[ast.expr], span: Span) -> list[Any]:
    """The parts of a tuple that travels as one value: each reader takes its part."""
    if any(isinstance(one, ast.Starred) for one in targets):
        raise run_time_decision("unpacking", value, span)
    if count != len(targets):
        raise Fault(_wrong_arity(f"{describe(value)} has {count} values", len(targets), span))
    return [operations.symbolic("index", [value, i], types.ANY, span) for i in range(count)]


def _unpack_symbolic(value: Symbolic, targets: Sequence[ast.expr], span: Span) -> list[Any]:
    inner = value.value
    if isinstance(inner, Output) and inner.type.name not in {"list", "tuple"}:
        step = f"`{inner.operation}` returns one value"
        help_ = "annotate it to return `tuple[…]` and return a literal tuple, or unpack inside a step"
        diagnostic = _wrong_arity(step, len(targets), span)
        raise Fault(Diagnostic(diagnostic.code, diagnostic.message, span, help=help_))
    if any(isinstance(one, ast.Starred) for one in targets):
        raise run_time_decision("unpacking", value, span)
    if inner.type.name == "tuple" and not inner.type.is_variadic and len(inner.type.arguments) not in (0, len(targets)):
        raise Fault(_wrong_arity(f"{describe(value)} has {len(inner.type.arguments)} values", len(targets), span))
    if isinstance(inner, Item):
        return [
            Symbolic(Item(inner.operation, element_type(inner.type, i), (*inner.path, i))) for i in range(len(targets))
        ]
    return [operations.symbolic("index", [value, i], element_type(inner.type, i), span) for i in range(len(targets))]


def element_type(type_: Type, index: int | None = None) -> Type:
    """The type of an element of a value of `type_`; `any` where that is not known."""
    if type_.name == "list" and type_.arguments:
        return type_.arguments[0]
    if type_.name == "dict" and len(type_.arguments) == 2:
        return type_.arguments[1]
    if type_.name == "tuple" and type_.is_variadic and type_.arguments:
        return type_.arguments[0]
    if type_.name == "tuple" and index is not None and index < len(type_.arguments):
        return type_.arguments[index]
    if type_.name == "union":
        return element_type(without, index) if (without := types.without_none(type_)).name != "union" else types.ANY
    return types.ANY


def _bounded(value: Iterable[Any]) -> Iterable[Any]:
    for count, item in enumerate(value):
        if count > ITERATION_BOUND:
            return
        yield item


_OVER_ALL = frozenset({"sum", "min", "max", "list", "tuple", "set", "frozenset", "sorted", "bytes", "bytearray"})


def check_bounds(interpreter: Interpreter, name: str, positional: list[Any], span: Span) -> None:
    """Refuses what would take forever: a fold over a huge range, a huge power."""
    if name in _OVER_ALL and positional and isinstance(positional[0], range):
        interpreter.iterate(positional[0], span, f"`{name}`")
    if name == "pow" and len(positional) == 2:
        operations.check_size("**", positional, span)
