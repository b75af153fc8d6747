"""Constants as canonical JSON: encoding of Python values, decoding, the text form, and the static type.

What JSON can say stands for itself; everything else is a one-key object `{"$pipec": [kind, …]}`. Two equal values have
one encoding, and the text form never holds what an orchestrator's template language looks for (`{{`) or mishandles
(control characters, DEL, anything but ASCII). `pipec.runtime.codec` is the same inside a step; both are held to the
vectors in `tests/unit/canonical_json.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from pipec.compiler.ir.types import ANY, BOOL, FLOAT, INT, NONE, STR, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipec.compiler.ir.values import Json

TAG = "$pipec"

_MOST_MEMBERS = 8
_MOST_BITS = 13_950


class NotConstant(ValueError):
    """A Python value has no canonical JSON, or canonical JSON has no Python value without the project's code."""


def tagged(kind: str, *arguments: Json) -> dict[str, Json]:
    """The object that stands for what JSON cannot say."""
    return {TAG: [kind, *arguments]}


def enum_member(symbol: str, member: str) -> Json:
    """A member of the enum class `symbol` (`module:Class`)."""
    return tagged("enum", symbol, member)


def instance(symbol: str, fields: Mapping[str, Json]) -> Json:
    """An object of the class `symbol` (`module:Class`) that is built by keyword."""
    return tagged("object", symbol, dict(fields))


def reference(symbol: str) -> Json:
    """The function or class `symbol` (`module:qualified.name`) itself."""
    return tagged("symbol", symbol)


def encode(value: object) -> Json:
    """The canonical JSON of a Python value.

    Raises:
        NotConstant: its type (exactly: subclasses are other types) has none, or it contains itself.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise NotConstant("a value that is nested too deep or contains itself") from None


def _encode(value: object) -> Json:
    if value is None or type(value) in {bool, str}:
        return cast("Json", value)
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        from pipec.compiler.ir import rare_constants  # it loads the modules of rare values

        encoder = rare_constants.ENCODERS.get(type(value))
    if encoder is not None:
        return encoder(value)
    if isinstance(value, PurePath):
        return tagged("path", value.as_posix())
    raise NotConstant(f"a value of type `{type(value).__qualname__}`")


def _encode_int(value: int) -> Json:
    # Python neither prints nor reads longer ones (`sys.set_int_max_str_digits`).
    if value.bit_length() > _MOST_BITS:
        raise NotConstant("an integer of more than 4,200 digits")
    return value


def _encode_float(value: float) -> Json:
    if math.isfinite(value):
        return value
    return tagged("float", "nan" if math.isnan(value) else "inf" if value > 0 else "-inf")


def _encode_dict(value: Mapping[object, object]) -> Json:
    if TAG in value or not all(type(key) is str for key in value):
        return tagged("dict", [[_encode(key), _encode(item)] for key, item in value.items()])
    return {cast("str", key): _encode(item) for key, item in value.items()}


def _encode_list(value: Iterable[object]) -> list[Json]:
    return [_encode(item) for item in value]


def _encode_set(kind: str, value: Iterable[object]) -> Json:
    # Sets have no order: that of the text forms is the same in every process.
    return tagged(kind, sorted((_encode(item) for item in value), key=text))


# Keyed by the exact type, so each encoder is only ever given a value of its own.
_ENCODERS: dict[type, Callable[[Any], Json]] = {
    int: _encode_int,
    float: _encode_float,
    list: _encode_list,
    tuple: lambda value: tagged("tuple", _encode_list(value)),
    dict: _encode_dict,
    set: lambda value: _encode_set("set", value),
    frozenset: lambda value: _encode_set("frozenset", value),
    complex: lambda value: tagged("complex", str(value).strip("()")),
}


def kind_of(value: Json) -> str | None:
    """The kind of a tagged object; None for JSON that stands for itself.

    Raises:
        NotConstant: the object has the key of a tag but is not a well-formed one.
    """
    if not isinstance(value, Mapping) or TAG not in value:
        return None
    content = value[TAG]
    if len(value) == 1 and _is_list(content) and content and isinstance(content[0], str) and content[0] in _KINDS:
        return content[0]
    raise NotConstant(f"a malformed `{TAG}` object")


def content_of(value: Json) -> Sequence[Json]:
    """What follows the kind in a tagged object."""
    return cast("Sequence[Json]", cast("Mapping[str, Json]", value)[TAG])[1:]


def decode(value: Json) -> object:
    """The Python value of canonical JSON.

    Raises:
        NotConstant: the value needs the project's code (`enum`, `object`, `symbol`), or it is malformed.
    """
    kind = kind_of(value)
    if kind is None:
        if isinstance(value, Mapping):
            return {key: decode(item) for key, item in value.items()}
        return [decode(item) for item in value] if _is_list(value) else value
    decoder = _DECODERS.get(kind)
    if decoder is None:
        from pipec.compiler.ir import rare_constants

        decoder = rare_constants.DECODERS.get(kind)
    if decoder is None:
        raise NotConstant(f"a value of kind `{kind}`, which the project's code makes")
    try:
        return decoder(*content_of(value))
    except NotConstant:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise NotConstant(f"a malformed value of kind `{kind}`") from error


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _decode_float(word: str) -> float:
    return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[word]


def _decode_all(items: Sequence[Json]) -> list[object]:
    return [decode(item) for item in items]


def _decode_tuple(items: Sequence[Json]) -> tuple[object, ...]:
    return tuple(_decode_all(items))


def _decode_set(items: Sequence[Json]) -> set[object]:
    return set(_decode_all(items))


def _decode_frozenset(items: Sequence[Json]) -> frozenset[object]:
    return frozenset(_decode_all(items))


def _decode_entries(entries: Sequence[tuple[Json, Json]]) -> dict[object, object]:
    return {decode(key): decode(item) for key, item in entries}


_DECODERS: dict[str, Callable[..., object]] = {
    "tuple": _decode_tuple,
    "set": _decode_set,
    "frozenset": _decode_frozenset,
    "dict": _decode_entries,
    "float": _decode_float,
    "complex": complex,
    "path": PurePosixPath,
}
_RARE = {"bytes", "datetime", "date", "time", "timedelta", "decimal", "uuid"}
_KINDS = {*_DECODERS, *_RARE, "enum", "object", "symbol"}


def text(value: Json) -> str:
    """The one text of canonical JSON: ASCII, without `{{` and without control characters."""
    plain = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(", ", ": "))
    return plain.replace("\x7f", "\\u007f").replace("{{", "{\\u007b")


def truth(value: Json) -> bool | None:
    """What `bool()` of the value is; None where the project's code decides."""
    match kind_of(value):
        case "enum" | "object" | "symbol":
            return None
        case _:
            return bool(decode(value))


def type_of(value: Json) -> Type:
    """The static type of a constant: of a list and a dict also that of what they hold, as far as it is of few types."""
    kind = kind_of(value)
    if kind is None:
        return _type_of_plain(value)
    content = content_of(value)
    match kind:
        case "tuple":
            return Type("tuple", tuple(map(type_of, cast("Sequence[Json]", content[0]))))
        case "set" | "frozenset":
            return _container(kind, map(type_of, cast("Sequence[Json]", content[0])))
        case "dict":
            entries = cast("Sequence[Sequence[Json]]", content[0])
            keys, items = (union(type_of(entry[i]) for entry in entries) for i in (0, 1))
            return Type("dict", (keys, items)) if entries else Type("dict")
        case "enum" | "object":
            return Type(cast("str", content[0]).replace(":", "."))
        case _:
            return _SIMPLE_KINDS.get(kind, ANY)


_SIMPLE_KINDS = {
    "bytes": Type("bytes"),
    "float": FLOAT,
    "complex": Type("complex"),
    "datetime": Type("datetime.datetime"),
    "date": Type("datetime.date"),
    "time": Type("datetime.time"),
    "timedelta": Type("datetime.timedelta"),
    "decimal": Type("decimal.Decimal"),
    "uuid": Type("uuid.UUID"),
    "path": Type("pathlib.Path"),
}


_PLAIN_TYPES: dict[type, Type] = {type(None): NONE, bool: BOOL, int: INT, float: FLOAT, str: STR}


def _type_of_plain(value: Json) -> Type:
    if isinstance(value, Mapping):
        return Type("dict", (STR, union(map(type_of, value.values())))) if value else Type("dict")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _container("list", map(type_of, value))
    return _PLAIN_TYPES[type(value)]


def _container(name: str, held: Iterable[Type]) -> Type:
    types = tuple(dict.fromkeys(held))
    return Type(name, (union(types),)) if types else Type(name)


def union(types: Iterable[Type]) -> Type:
    """The type of a value that has one of some types, in order and each once; `Any` where they are many or none."""
    distinct = dict.fromkeys(
        member for type_ in types for member in (type_.arguments if type_.name == "union" else (type_,))
    )
    if not distinct or ANY in distinct or len(distinct) > _MOST_MEMBERS:
        return ANY
    return next(iter(distinct)) if len(distinct) == 1 else Type("union", tuple(distinct))
