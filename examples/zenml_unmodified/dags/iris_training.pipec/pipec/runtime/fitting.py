"""Values against annotations.

The rule, for every value that enters a step (as an argument of the pipeline, a constant, a result of another step):

1. A value that fits its annotation stays as it is, but for one case: an `int` where `float` is expected becomes a
   float if that loses nothing, because some engines cannot tell 1 from 1.0.
2. A value that does not fit is converted where the conversion is safe: text of a number, of `true`/`false`, of a path,
   UUID, date, time or decimal; a float without fraction to `int`; numpy numbers to `int`, `float`, `bool`; the value
   of an enum member; a list to a tuple or set; a dict to a dataclass or pydantic model.
3. Everything else is a misfit. What an annotation says that cannot be checked (a name that only type checkers know,
   a protocol, the parameter of a third-party generic) is not checked.

Outputs are held to rule 1 alone, after numpy numbers are made plain ones.
"""

from __future__ import annotations

import collections.abc
import contextlib
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import inspect
import math
import pathlib
import sys
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any, cast

from pipec.runtime import codec

ANY: Any = Any


class Misfit(ValueError):
    """The value certainly does not fit."""


def of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function by parameter, and `return`; `Any` for those that cannot be evaluated here."""
    wrapped = inspect.unwrap(function)
    raw: dict[str, Any] = dict(getattr(wrapped, "__annotations__", {}))
    scope = getattr(wrapped, "__globals__", {})
    return {name: _evaluated(annotation, scope) for name, annotation in raw.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """What is to be known of a function to call it.

    Attributes:
        hints: as `of` has them.
        signature: its parameters.
        names: of its parameters, if all of them can be given by name.
        needed: those of them that have no default.
    """

    hints: dict[str, Any]
    signature: inspect.Signature
    names: frozenset[str]
    needed: frozenset[str]


def shape(function: Callable[..., Any]) -> Shape:
    """The shape of a function, looked at once."""
    return _known_shape(function) if isinstance(function, types.FunctionType) else _shape(function)


def _shape(function: Callable[..., Any]) -> Shape:
    signature = inspect.signature(function)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = signature.parameters.values()
    is_plain = all(parameter.kind in by_name for parameter in parameters)
    needed = (parameter.name for parameter in parameters if parameter.default is parameter.empty)
    names = frozenset(signature.parameters) if is_plain else frozenset[str]()
    return Shape(of(function), signature, names, frozenset(needed))


_known_shape = functools.cache(_shape)


def _evaluated(annotation: Any, scope: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, scope)
    except Exception:
        return ANY


def elements(annotation: Any, count: int) -> list[Any]:
    """The annotations of the elements of a returned tuple, `Any` where they cannot be told."""
    expected = plain(annotation)
    arguments = typing.get_args(expected)
    return list(arguments) if typing.get_origin(expected) is tuple and len(arguments) == count else [ANY] * count


def name_of(annotation: Any) -> str:
    """An annotation for people."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return "None" if annotation is type(None) else codec.type_name(annotation)
    return str(annotation).replace("typing.", "")


def fit(value: Any, annotation: Any, *, converts: bool = True) -> Any:
    """The value as the annotation has it, by the rule above; `converts=False` holds it to the first rule.

    Raises:
        Misfit: says what was expected and what is there.
    """
    try:
        return _Fitter(converts).fit(value, annotation)
    except Misfit:
        shown = repr(value) if type(value) in (bool, int, float, str, type(None)) else ""
        got = codec.type_name(type(value)) + (f" {shown:.60}" if shown and value is not None else "")
        raise Misfit(f"expected {name_of(plain(annotation))}, got {got}") from None


def plain(annotation: Any) -> Any:
    """The annotation without `Annotated`, `NewType`, aliases, `Final` and type variables around it."""
    while True:
        origin = typing.get_origin(annotation)
        if origin in (typing.Annotated, typing.Final, typing.ClassVar, typing.Required, typing.NotRequired):
            annotation = typing.get_args(annotation)[0]
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif annotation is None:
            return types.NoneType
        elif isinstance(annotation, typing.TypeVar | str | typing.ForwardRef) or annotation is inspect.Parameter.empty:
            return ANY
        else:
            return annotation


class _Fitter:
    def __init__(self, converts: bool) -> None:
        self.converts = converts

    def fit(self, value: Any, annotation: Any) -> Any:
        expected = plain(annotation)
        if expected is ANY or expected is object:
            return value
        origin, arguments = typing.get_origin(expected), typing.get_args(expected)
        if origin is typing.Union or origin is types.UnionType:
            return self._union(value, arguments)
        if origin is typing.Literal:
            return self._literal(value, arguments)
        if origin in (list, set, frozenset, tuple, dict):
            return self._container(value, origin, arguments)
        if origin is type:
            return self._certain(value, isinstance(value, type))
        if origin is not None:
            return self._generic(value, origin)
        return self._class(value, expected) if isinstance(expected, type) else value

    def _certain(self, value: Any, is_fit: bool) -> Any:
        if not is_fit:
            raise Misfit
        return value

    def _union(self, value: Any, members: tuple[Any, ...]) -> Any:
        for fitter in (_Fitter(False), self):
            for member in members:
                with contextlib.suppress(Misfit):
                    return fitter.fit(value, member)
        raise Misfit

    def _literal(self, value: Any, choices: tuple[Any, ...]) -> Any:
        for choice in choices:
            if choice == value and type(choice) is type(value):
                return choice
        if self.converts:
            for choice in choices:
                with contextlib.suppress(Misfit):
                    if self.fit(value, type(choice)) == choice:
                        return choice
        raise Misfit

    def _generic(self, value: Any, origin: Any) -> Any:
        # The origin of the standard library's own is certain; `DataFrame[Schema]` of a validator is not.
        if isinstance(origin, type) and origin.__module__ in ("collections.abc", "collections"):
            return self._certain(value, isinstance(value, origin))
        return value

    def _container(self, value: Any, origin: Any, arguments: tuple[Any, ...]) -> Any:
        value = self._class(value, origin)
        if not arguments:
            return value
        if issubclass(origin, dict):
            return self._dict(value, arguments)
        if issubclass(origin, tuple):
            return self._tuple(value, arguments)
        fitted = [self.fit(item, arguments[0]) for item in value]
        return value if _is_same(fitted, value) else origin(fitted)

    def _tuple(self, value: tuple[Any, ...], arguments: tuple[Any, ...]) -> Any:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            arguments = (arguments[0],) * len(value)
        if arguments == ((),):
            arguments = ()
        if len(arguments) != len(value):
            raise Misfit
        fitted = tuple(self.fit(item, argument) for item, argument in zip(value, arguments, strict=True))
        return value if _is_same(fitted, value) else fitted

    def _dict(self, value: dict[Any, Any], arguments: tuple[Any, ...]) -> Any:
        keys = [self.fit(key, arguments[0]) for key in value]
        items = [self.fit(item, arguments[1]) for item in value.values()]
        if _is_same(keys, value) and _is_same(items, value.values()):
            return value
        return dict(zip(keys, items, strict=True))

    def _class(self, value: Any, expected: type) -> Any:
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            return _as_float(value)
        if _is_instance(value, expected):
            return value
        value = _plain_number(value, expected)
        if _is_instance(value, expected):
            return value
        if not self.converts:
            raise Misfit
        try:
            return _convert(value, expected)
        except Misfit:
            raise
        except Exception as problem:
            raise Misfit(str(problem)) from problem


def _is_same(fitted: collections.abc.Iterable[Any], value: collections.abc.Iterable[Any]) -> bool:
    return all(new is old for new, old in zip(fitted, value, strict=True))


def _is_instance(value: Any, expected: Any) -> bool:
    if expected is float and isinstance(value, bool):
        return True
    if expected is complex and isinstance(value, int | float):
        return True
    if typing.is_typeddict(expected):
        return isinstance(value, dict)
    if getattr(expected, "_is_protocol", False):
        return True
    try:
        return isinstance(value, expected)
    except TypeError:
        return True


def _as_float(value: int) -> int | float:
    with contextlib.suppress(OverflowError):
        if float(value) == value:
            return float(value)
    return value


def _plain_number(value: Any, expected: type) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None or expected not in (int, float, bool) or not isinstance(value, numpy.generic):
        return value
    number = value.item()
    return _as_float(number) if expected is float and type(number) is int else number


_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        return _WORDS[value.lower()]
    if value in (0, 1):
        return bool(value)
    raise Misfit


def _to_int(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise Misfit
    return int(_checked(value, str, float))


def _to_float(value: Any) -> float:
    return float(_checked(value, str))


def _to_timedelta(value: Any) -> dt.timedelta:
    number = _checked(value, int, float)
    if not math.isfinite(number):
        raise Misfit
    return dt.timedelta(seconds=number)


def _checked(value: Any, *kinds: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise Misfit
    return value


_CONVERSIONS: dict[Any, Callable[[Any], Any]] = {
    bool: _to_bool,
    int: _to_int,
    float: _to_float,
    decimal.Decimal: lambda value: decimal.Decimal(str(_checked(value, str, int, float))),
    pathlib.Path: lambda value: pathlib.Path(_checked(value, str)),
    uuid.UUID: lambda value: uuid.UUID(_checked(value, str)),
    dt.datetime: lambda value: dt.datetime.fromisoformat(_checked(value, str)),
    dt.date: lambda value: dt.date.fromisoformat(_checked(value, str)),
    dt.time: lambda value: dt.time.fromisoformat(_checked(value, str)),
    dt.timedelta: _to_timedelta,
    bytes: lambda value: _checked(value, str).encode(),
    tuple: lambda value: tuple(_checked(value, list, set, frozenset)),
    list: lambda value: list(_checked(value, tuple, set, frozenset)),
    set: lambda value: set(_checked(value, list, tuple, frozenset)),
    frozenset: lambda value: frozenset(_checked(value, list, tuple, set)),
}


def _convert(value: Any, expected: Any) -> Any:
    conversion = _CONVERSIONS.get(expected)
    if conversion is not None:
        return conversion(value)
    if issubclass(expected, enum.Enum):
        return expected(value)
    if codec.is_pydantic(expected):
        return expected.model_validate(value)
    if issubclass(expected, str) and type(value) is str:
        return expected(value)
    if dataclasses.is_dataclass(expected) and isinstance(value, dict):
        return _dataclass(cast("dict[str, Any]", value), expected)
    raise Misfit


def _dataclass(value: dict[str, Any], class_: Any) -> Any:
    scope = vars(sys.modules[class_.__module__])
    hints = {field.name: _evaluated(field.type, scope) for field in dataclasses.fields(class_)}
    return class_(**{name: fit(item, hints.get(name, ANY)) for name, item in value.items()})
