"""From a value of the evaluator to a value of the IR: what may travel into a step, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    Fault,
    FunctionValue,
    InstanceValue,
    RunTimeKey,
    SettingsValue,
    Spread,
    StepResult,
    Symbolic,
    describe,
    find_unknown,
    is_open,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.constants import TAG, NotConstant, encode, text
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, DictOf, Expr, Json, ListOf, Value

if TYPE_CHECKING:
    from pipec.compiler.source import Span

_DEPTH_LIMIT = 100


def to_ir(value: Any, span: Span) -> Value:
    """`value` as an IR value.

    Raises:
        Fault: something in it is unknown, or cannot be carried to a step.
    """
    if unknown := find_unknown(value):
        raise Fault(unknown.diagnostic)
    match value:
        case Symbolic(value=inner):
            return inner
        case SettingsValue(kind="ExternalArtifact", fields=fields):
            return to_ir(fields.get("value"), span)
        case StepResult(outputs=()):
            raise Fault(no_output(value, span))
        case StepResult(outputs=outputs):
            return ListOf(tuple(output.value for output in outputs), types.ANY, is_tuple=True)
        case list() | tuple() | dict() if is_open(value):
            return _open(value, span)
        case list() | tuple() if _is_run_time(value):
            parts = tuple(to_ir(part, span) for part in value)
            kind = "tuple" if isinstance(value, tuple) else "list"
            return ListOf(parts, _container_type(kind, parts), is_tuple=isinstance(value, tuple))
        case dict() if _is_run_time(value):
            return _dict_of(value, span)
        case _:
            return Const(to_json(value, span), const_type(value))


def no_output(value: StepResult, span: Span) -> Diagnostic:
    """The fault of using what a step without output returns."""
    return Diagnostic(
        "PC0310",
        f"`{value.step}` returns nothing, so its result cannot be used",
        span,
        help=f"to run after it, write `after=` with it; to get a value, let `{value.step}` return one",
    )


def _open(value: Any, span: Span) -> Value:
    """A list or dict with run-time parts: its runs of known elements and these parts, put together in order."""
    parts: list[Value] = []
    run: list[Any] = []
    pairs = list(value.items()) if isinstance(value, dict) else [(one, one) for one in value]

    def end_run() -> None:
        if run:
            parts.append(to_ir(dict(run) if isinstance(value, dict) else [one for one, _ in run], span))
            run.clear()

    for key, one in pairs:
        if isinstance(key, Spread):
            end_run()
            parts.append(key.value.value)
        elif isinstance(key, RunTimeKey):
            end_run()
            if isinstance(key.value.value, Const) and isinstance(key.value.value.value, str):
                run.append((key.value.value.value, one))
                continue
            pair = ListOf((key.value.value, to_ir(one, span)), Type("tuple"), is_tuple=True)
            entry = ListOf((pair,), Type("list"))
            parts.append(Expr("dict", (entry,), Type("dict", (key.value.value.type, pair.items[1].type))))
        else:
            run.append((key, one))
    end_run()
    whole = _joined(parts, isinstance(value, dict))
    return Expr("tuple", (whole,), Type("tuple")) if isinstance(value, tuple) else whole


_CHAINED = 4
"""How many parts are written as `a + b + …`; a longer chain would nest as deep as it is long."""


def _joined(parts: list[Value], are_dicts: bool) -> Value:
    kind = parts[0].type if len({part.type for part in parts}) == 1 else Type("dict" if are_dicts else "list")
    if len(parts) > _CHAINED:
        if are_dicts:
            items = [
                Expr("list", (Expr("method", (part, Const("items", types.STR)), types.ANY),), Type("list"))
                for part in parts
            ]
            return Expr("dict", (_joined([*items], are_dicts=False),), kind)
        return Expr("sum", (ListOf(tuple(parts), Type("list", (kind,))), Const([], Type("list"))), kind)
    whole = parts[0]
    for part in parts[1:]:
        whole = Expr("|" if are_dicts else "+", (whole, part), kind)
    return whole


def _dict_of(value: dict[Any, Any], span: Span) -> Value:
    if not all(isinstance(key, str) for key in value):
        pairs = [(key, part) for key, part in value.items()]
        return Expr("dict", (to_ir(pairs, span),), Type("dict"))
    entries = tuple((key, to_ir(part, span)) for key, part in value.items())
    kinds = tuple(dict.fromkeys(entry.type for _, entry in entries))
    return DictOf(entries, Type("dict", (types.STR, kinds[0])) if len(kinds) == 1 else Type("dict"))


def _container_type(kind: str, parts: tuple[Value, ...]) -> Type:
    kinds = tuple(part.type for part in parts)
    if kind == "tuple":
        return Type("tuple", kinds)
    return Type("list", kinds[:1]) if len(set(kinds)) == 1 else Type("list")


def _is_run_time(value: Any) -> bool:
    if isinstance(value, Symbolic | StepResult) or is_open(value):
        return True
    if isinstance(value, dict):
        return any(map(_is_run_time, value.values()))
    return isinstance(value, list | tuple) and any(map(_is_run_time, value))


def to_json(value: Any, span: Span, depth: int = 0) -> Json:
    """A known value as canonical JSON (`pipec.compiler.ir.values`).

    Raises:
        Fault: nothing in canonical JSON stands for it.
    """
    if depth > _DEPTH_LIMIT:
        raise Fault(Diagnostic("PC0313", f"this value is nested deeper than {_DEPTH_LIMIT} levels", span))
    match value:
        case EnumMember(symbol=symbol, name=name):
            return {TAG: ["enum", symbol, name]}
        case list():
            return [to_json(part, span, depth + 1) for part in value]
        case dict():
            return _dict_to_json(value, span, depth)
        case tuple() | set() | frozenset():
            parts = [to_json(part, span, depth + 1) for part in value]
            return {TAG: [type(value).__name__, parts if isinstance(value, tuple) else sorted(parts, key=text)]}
        case InstanceValue(cls=cls, fields=fields) if _is_made_by_keyword(cls):
            inner = {name: to_json(part, span, depth + 1) for name, part in fields.items()}
            return {TAG: ["object", f"{cls.module.name}:{cls.qualified_name}", inner]}
        case (
            FunctionValue(module=module, qualified_name=name, frame=None)
            | ClassValue(module=module, qualified_name=name)
        ):
            return {TAG: ["symbol", f"{module.name}:{name}"]}
        case _:
            return _plain(value, span)


def _is_made_by_keyword(cls: ClassValue) -> bool:
    from pipec.compiler.frontend.instances import is_made_by_keyword

    return is_made_by_keyword(cls)


def _dict_to_json(value: dict[Any, Any], span: Span, depth: int) -> Json:
    if all(isinstance(key, str) and not isinstance(key, EnumMember) for key in value) and TAG not in value:
        return {key: to_json(part, span, depth + 1) for key, part in value.items()}
    pairs = [[to_json(key, span, depth + 1), to_json(part, span, depth + 1)] for key, part in value.items()]
    return {TAG: ["dict", pairs]}


def _plain(value: Any, span: Span) -> Json:
    """A leaf, as `ir.constants` encodes it: the one place that knows which values canonical JSON has."""
    if isinstance(value, range):
        return list(value)
    try:
        return encode(value)
    except NotConstant as refused:
        raise Fault(
            Diagnostic(
                "PC0313",
                f"{describe(value)} cannot travel to a step",
                span,
                notes=(
                    *([] if str(refused).startswith("a value of type") else [f"it is {refused}"]),
                    "a step takes results, parameters, and plain values: numbers, text, lists, dicts, dates, objects of your own data classes",
                ),
                help="make it inside the step",
            )
        ) from None


def const_type(value: Any) -> Type:
    """The static type of a known value."""
    match value:
        case EnumMember(symbol=symbol):
            return Type(symbol.replace(":", "."))
        case None:
            return types.NONE
        case bool() | int() | float() | str() | bytes():
            return Type(type(value).__name__)
        case list() | set() | frozenset():
            return _of_elements(type(value).__name__, [const_type(part) for part in value])
        case tuple():
            return Type("tuple", tuple(const_type(part) for part in value))
        case dict() if value and all(isinstance(key, str) for key in value):
            inner = tuple(dict.fromkeys(const_type(part) for part in value.values()))
            return Type("dict", (types.STR, inner[0])) if len(inner) == 1 else Type("dict", (types.STR, types.ANY))
        case dict():
            return Type("dict")
        case InstanceValue(cls=cls):
            return Type(f"{cls.module.name}.{cls.qualified_name}")
        case value if isinstance(value, ABSTRACT):
            return types.ANY
        case _:
            return Type(f"{type(value).__module__}.{type(value).__qualname__}")


def _of_elements(kind: str, elements: list[Type]) -> Type:
    unique = tuple(dict.fromkeys(elements))
    return Type(kind, unique) if len(unique) == 1 else Type(kind)
