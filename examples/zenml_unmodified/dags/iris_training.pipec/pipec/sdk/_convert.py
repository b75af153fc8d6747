"""Types of fields: their constraints, and the conversion of a value to one.

Annotations are kept as text and evaluated when a value for them arrives, so that declaring a class costs nothing.
"""

from __future__ import annotations

import builtins
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    PositiveInt: TypeAlias = int
    NonNegativeInt: TypeAlias = int
    PositiveFloat: TypeAlias = float
    HeartbeatMinutes: TypeAlias = int
    Memory: TypeAlias = str
    Spelling: TypeAlias = str
    Seconds: TypeAlias = float
    Fields: TypeAlias = Mapping[str, Any]
else:

    class PositiveInt(int):
        """A whole number above 0."""

    class NonNegativeInt(int):
        """A whole number, 0 or above."""

    class PositiveFloat(float):
        """A number above 0."""

    class HeartbeatMinutes(int):
        """A whole number from 10 to 60."""

    class Memory(str):
        """An amount such as `512MB` or `4GiB`: a whole number and one of B, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB."""

    class Spelling(str):
        """Text that converts to another member of the union: an enum's value, an ISO date and time."""

    class Seconds(float):
        """A number of seconds that converts to the `timedelta` in the union."""

    class Fields(dict):
        """Fields of the record in the union, as a dict."""


class Inert:
    """Base of values that stand for something a server would know; they pass every check."""


def _is_memory(text: str) -> bool:
    number = text.rstrip("iBKMGTP")
    return number.isdecimal() and text[len(number) :] in [
        "B",
        "KB",
        "KiB",
        "MB",
        "MiB",
        "GB",
        "GiB",
        "TB",
        "TiB",
        "PB",
        "PiB",
    ]


_CONSTRAINTS: dict[Any, tuple[type, Callable[[Any], bool]]] = {
    PositiveInt: (int, lambda value: value > 0),
    NonNegativeInt: (int, lambda value: value >= 0),
    PositiveFloat: (float, lambda value: value > 0),
    HeartbeatMinutes: (int, lambda value: 10 <= value <= 60),
    Memory: (str, _is_memory),
}


class _Names(dict[str, Any]):
    """Names in annotations: the module's own, then public ones of `pipec.sdk`; a name for type checkers only is `Any`."""

    def __missing__(self, name: str) -> Any:
        import pipec.sdk

        if name in _HERE:
            return _HERE[name]
        if hasattr(builtins, name):
            raise KeyError(name)
        found = getattr(pipec.sdk, name) if name in pipec.sdk.__all__ else Any
        return found if isinstance(found, type) else Any


def evaluate(annotation: str, module: Mapping[str, Any]) -> Any:
    """The type that the text of an annotation means in a module."""
    # A module's own functions and constants are no types; `eval` needs real globals, hence the names as locals.
    names = _Names({name: value for name, value in module.items() if isinstance(value, type)})
    return eval(annotation, {}, names)


_HERE: dict[str, Any] = {"Literal": Literal, "Any": Any, "Spelling": Spelling, "Seconds": Seconds, "Fields": Fields}
_HERE.update({kind.__name__: kind for kind in _CONSTRAINTS})


def convert(kind: Any, value: Any, where: str, expected: str) -> Any:
    """A value as the type `kind` has it.

    Args:
        kind: a class, `Any`, a union, `Literal[…]`, `list[…]`, `dict[…]`.
        value: what the user gave.
        where: `Class.field`, for the message.
        expected: the annotation's text, for the message.

    Raises:
        ValueError: when the value is not of the type and does not convert.
    """
    if kind is Any or isinstance(value, Inert):
        return value
    if get_origin(kind) in (Union, UnionType):
        return _convert_union(kind, value, where, expected)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if value in arguments:
            return value
        raise ValueError(f"{where} must be one of {', '.join(map(repr, arguments))}, not {value!r}")
    if kind is NoneType:
        if value is not None:
            raise _wrong(where, expected, value)
        return None
    if origin is not None:
        return _convert_container(origin, arguments, value, where, expected)
    if kind in _CONSTRAINTS:
        base, holds = _CONSTRAINTS[kind]
        converted = _convert_class(base, value, where, expected)
        if not holds(converted):
            raise ValueError(f"{where} must be {_article(kind)}, not {value!r}")
        return converted
    return _convert_class(kind, value, where, expected)


def _article(kind: Any) -> str:
    text = kind.__doc__.rstrip(".")
    return cast("str", text[0].lower() + text[1:])


def _wrong(where: str, expected: str, value: object) -> ValueError:
    shown = expected.replace(" | Spelling", "").replace(" | Seconds", "").replace(" | Fields", "")
    return ValueError(f"{where} must be {shown}, not {value!r}")


def _convert_union(kind: Any, value: Any, where: str, expected: str) -> Any:
    members = [member for member in get_args(kind) if member not in (Spelling, Seconds, Fields)]
    for member in members:  # a value that already fits is never converted
        if type(value) is (get_origin(member) or member):
            return convert(member, value, where, expected)
    failures: list[ValueError] = []
    for member in members:
        try:
            return convert(member, value, where, expected)
        except ValueError as failure:
            if member is not NoneType:
                failures.append(failure)
    raise failures[0] if len(failures) == 1 else _wrong(where, expected, value)


def _convert_container(origin: Any, arguments: tuple[Any, ...], value: Any, where: str, expected: str) -> Any:
    from collections.abc import Mapping

    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(where, expected, value)
        key_type, value_type = arguments
        return {
            convert(key_type, key, f"{where} key", "str"): convert(value_type, each, f"{where}[{key!r}]", expected)
            for key, each in value.items()  # pyright: ignore
        }
    if not isinstance(value, list | tuple | set | frozenset):
        raise _wrong(where, expected, value)
    items = cast("list[Any]", value)
    return [convert(arguments[0], each, f"{where}[{at}]", expected) for at, each in enumerate(items)]


def _convert_class(kind: Any, value: Any, where: str, expected: str) -> Any:
    if isinstance(value, kind) and not (isinstance(value, bool) and kind in (int, float)):
        return value
    if hasattr(kind, "model_fields_set") and isinstance(value, dict):
        return kind(**value)
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(repr(member.value) for member in kind)
            raise ValueError(f"{where} must be one of {choices}, not {value!r}") from None
    converter = _CONVERTERS.get(kind.__name__)
    if converter is not None and not isinstance(value, bool):
        try:
            return converter(value)
        except (TypeError, ValueError):
            pass
    raise _wrong(where, expected, value)


def _int(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _datetime(value: Any) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(value)


def _timedelta(value: Any) -> Any:
    from datetime import timedelta

    return timedelta(seconds=float(value))


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "float": float,
    "datetime": _datetime,
    "timedelta": _timedelta,
}
