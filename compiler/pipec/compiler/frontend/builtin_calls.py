"""Calls of Python's own functions and of the pure part of its standard library, over known values."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import control, operations
from pipec.compiler.frontend.run_time_calls import has_run_time, run_time_call, symbolic_builtin
from pipec.compiler.frontend.values import (
    ABSTRACT,
    MISSING,
    Builtin,
    ClassValue,
    EnumMember,
    External,
    Fault,
    FunctionValue,
    InstanceValue,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_known,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

PURE = frozenset(
    """abs all any ascii bin bool bytes chr complex dict divmod enumerate filter float format frozenset hash hex int
    isinstance issubclass len list map max min oct ord pow range repr reversed round set slice sorted str sum
    tuple type zip getattr hasattr callable iter next""".split()
)
"""Built-in functions that are evaluated; `print` and the like are effects and are left out of the graph."""


def call_builtin(interpreter: Interpreter, name: str, arguments: Arguments, span: Span) -> Any:
    """The value of a call of a built-in function.

    Raises:
        Fault: the call fails, or has no meaning on a run-time value.
    """
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    if name not in PURE:
        if name == "open":
            from pipec.compiler.frontend.files import open_file

            return open_file(interpreter, arguments, span)
        return effect(name, span)
    if name == "list" and len(positional) == 1 and isinstance(positional[0], list):
        return list(positional[0])  # an open list is copied as it is
    positional = [interpreter.settle_open(one, span) for one in positional]
    special = _SPECIAL.get(name)
    if special is not None:
        return special(interpreter, positional, keywords, span)
    found = run_time_call(interpreter, name, positional, keywords, span)
    if found is not MISSING:
        return found
    if name in {"map", "filter", "sorted", "min", "max"} and (positional or keywords):
        return _with_callbacks(interpreter, name, positional, keywords, span)
    if name in _CONTAINERS:
        return _container(interpreter, name, positional, keywords, span)
    if any(isinstance(one, ABSTRACT) and not isinstance(one, EnumMember) for one in positional):
        stranger = next(one for one in positional if isinstance(one, ABSTRACT))
        raise Fault(Diagnostic("PC0204", f"`{name}` of {describe(stranger)} is not known at compile time", span))
    plain = [one.value if isinstance(one, EnumMember) else one for one in positional]
    control.check_bounds(interpreter, name, plain, span)
    return settle(operations.guarded(lambda: getattr(builtins, name)(*plain, **keywords), span))


_CONTAINERS = frozenset({"list", "tuple", "set", "dict", "enumerate", "zip", "reversed", "len", "iter", "frozenset"})


def _container(interpreter: Interpreter, name: str, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    """Built-ins that move elements about without looking at them."""
    if name == "len" and positional and isinstance(positional[0], list | tuple | dict | set | str | bytes | range):
        return len(positional[0])
    sources = [
        one
        if isinstance(one, dict) and name == "dict"
        else interpreter.iterate(one, span, f"`{name}`")
        if not isinstance(one, int | dict) or isinstance(one, bool)
        else one
        for one in positional
    ]
    function = getattr(builtins, "list" if name == "iter" else name)
    return settle(operations.guarded(lambda: function(*sources, **keywords), span))


def settle(value: Any) -> Any:
    """An iterator as the list of its items: evaluation is eager."""
    if isinstance(value, zip | enumerate | map | filter | reversed) or type(value).__name__ in {
        "dict_items", "dict_keys", "dict_values", "list_reverseiterator", "product", "chain", "combinations",
        "permutations", "zip_longest", "accumulate", "list_iterator", "range_iterator",
    }:  # fmt: skip
        from itertools import islice

        return list(islice(value, 1_000_000))
    return value


def _with_callbacks(
    interpreter: Interpreter, name: str, positional: list[Any], keywords: dict[str, Any], span: Span
) -> Any:
    def python(function: Any) -> Any:
        if function is None:
            return None

        def called(*values: Any) -> Any:
            return call_value(interpreter, function, list(values), span)

        return called

    if name in {"map", "filter"}:
        items = [interpreter.iterate(one, span, f"`{name}`") for one in positional[1:]]
        first = python(positional[0])
        if name == "map":
            return [first(*group) for group in zip(*items, strict=False)]
        return [one for one in items[0] if interpreter.truth(first(one) if first else one, span, "`filter`")]
    options = {key: python(value) if key == "key" else value for key, value in keywords.items()}
    sources = [interpreter.iterate(positional[0], span, f"`{name}`")] if len(positional) == 1 else positional
    if "key" not in options and not is_known(sources):
        raise Fault(Diagnostic("PC0204", f"`{name}` over these values is not known at compile time", span))
    return operations.guarded(lambda: getattr(builtins, name)(*sources, **options), span)


def call_value(interpreter: Interpreter, function: Any, values: list[Any], span: Span) -> Any:
    """Calls `function`, a value of the evaluator, with `values`.

    Raises:
        Fault: it cannot be called from here.
    """
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.values import Frame, Setting

    arguments = Arguments([Setting(value, span) for value in values])
    if isinstance(function, FunctionValue):
        return interpreter.call_function(function, values, {}, span, Frame(function.module, {}))
    if isinstance(function, Builtin):
        return call_builtin(interpreter, function.name, arguments, span)
    if isinstance(function, External):
        from pipec.compiler.frontend.external_calls import call_external

        return call_external(interpreter, function.path, arguments, span)
    if isinstance(function, StepValue):
        from pipec.compiler.frontend.step_calls import call_step

        assert not isinstance(function.definition, External)
        return call_step(interpreter, function, arguments, span)
    raise Fault(Diagnostic("PC0204", f"{describe(function)} cannot be called here", span))


def _isinstance(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    if len(positional) != 2:
        raise Fault(Diagnostic("PC0206", "`isinstance` takes two arguments", span))
    value, classes = positional
    options = classes if isinstance(classes, tuple) else (classes,)
    if isinstance(value, Symbolic | StepResult):
        kinds = {"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "dict": "dict"}
        known = type_name = operations.type_of(value).name if isinstance(value, Symbolic) else "tuple"
        if known in kinds and all(isinstance(one, Builtin) for one in options):
            return any(type_name == one.name or (type_name == "bool" and one.name == "int") for one in options)
        raise Fault(Diagnostic("PC0309", f"the class of {describe(value)} is not known at compile time", span))
    return any(_is_instance(value, one, span) for one in options)


def _is_instance(value: Any, cls: Any, span: Span) -> bool:
    if isinstance(cls, Builtin):
        plain = value.value if isinstance(value, EnumMember) and value.is_text else value
        return not isinstance(plain, ABSTRACT) and isinstance(plain, getattr(builtins, cls.name))
    if isinstance(cls, ClassValue):
        if isinstance(value, EnumMember):
            return value.symbol == f"{cls.module.name}:{cls.qualified_name}"
        return isinstance(value, InstanceValue) and _derives(value.cls, cls)
    if isinstance(cls, External) and cls.path in {
        "pathlib.Path",
        "datetime.datetime",
        "datetime.date",
        "datetime.timedelta",
    }:
        from pipec.compiler.frontend.external_calls import load

        return not isinstance(value, ABSTRACT) and isinstance(value, load(cls.path))
    if not isinstance(value, ABSTRACT):
        return False
    raise Fault(Diagnostic("PC0204", f"whether this is an instance of {describe(cls)} is not known", span))


def _derives(cls: ClassValue, base: ClassValue) -> bool:
    return (
        cls is base
        or cls.node is base.node
        or any(isinstance(one, ClassValue) and _derives(one, base) for one in cls.bases)
    )


def _getattr(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    from pipec.compiler.frontend.attributes import read_attribute

    try:
        return read_attribute(interpreter, positional[0], positional[1], span)
    except Fault:
        if len(positional) == 3:
            return positional[2]
        raise


def _hasattr(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    from pipec.compiler.frontend.attributes import read_attribute

    try:
        read_attribute(interpreter, positional[0], positional[1], span)
    except Fault:
        return False
    return True


def _type(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    value = positional[0] if len(positional) == 1 else None
    if isinstance(value, InstanceValue):
        return value.cls
    if not isinstance(value, ABSTRACT) and len(positional) == 1 and hasattr(builtins, type(value).__name__):
        return Builtin(type(value).__name__)
    raise Fault(Diagnostic("PC0204", f"the type of {describe(value)} is not known at compile time", span))


def _next(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    items = interpreter.iterate(positional[0], span, "`next`")
    if items:
        return items[0]
    if len(positional) == 2:
        return positional[1]
    return operations.guarded(lambda: next(iter(())), span)


def _any_all(name: str) -> Callable[..., Any]:
    def call(interpreter: Interpreter, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
        if isinstance(positional[0], Symbolic) or has_run_time(positional[0]):
            return symbolic_builtin(name, positional, span)
        truths = (
            interpreter.truth(one, span, f"`{name}`") for one in interpreter.iterate(positional[0], span, f"`{name}`")
        )
        return any(truths) if name == "any" else all(truths)

    return call


_SPECIAL: dict[str, Callable[..., Any]] = {
    "isinstance": _isinstance, "getattr": _getattr, "hasattr": _hasattr, "type": _type, "next": _next,
    "any": _any_all("any"), "all": _any_all("all"),
    "callable": lambda i, p, k, s: isinstance(p[0], FunctionValue | Builtin | StepValue | ClassValue | External),
}  # fmt: skip


def effect(name: str, span: Span) -> Any:
    """What is said of a built-in function that only does something."""
    return Unknown(
        Diagnostic(
            "PC0213" if name in {"open", "input"} else "PC0204",
            f"what `{name}` gives is not known at compile time",
            span,
            help="do it inside a step",
        )
    )
