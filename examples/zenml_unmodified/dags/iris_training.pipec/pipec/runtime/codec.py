"""Canonical JSON: Python values as JSON and back, exactly.

`None`, bool, int, float, str, list and dicts with string keys are themselves. Everything else is one key,
`{"$pipec": [kind, …]}`; a dict that has this key, or keys that are no strings, is itself tagged:

    tuple set frozenset [items]  ·  bytes base64  ·  dict [[key, value]]  ·  float "nan" "inf" "-inf"  ·  complex "1+2j"
    datetime date time ISO text  ·  timedelta seconds  ·  decimal uuid path text  ·  int hexadecimal (very long ones)
    enum "module:Class" "MEMBER"  ·  object "module:Class" {field: value}, built by keyword  ·  symbol "module:name"
    state "module:Class" {…}, restored as it was without calling `__init__`

A value whose exact type is not among these is not canonical (`NotCanonical`): a subclass would come back as its base.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import importlib
import json
import math
import pathlib
import sys
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""What `json` reads and writes."""

TAG = "$pipec"
_LONG = 1 << 13000
"""Beyond this Python refuses to convert integers to and from decimal text (its limit is 4,300 digits)."""


class NotCanonical(TypeError):
    """The value has no exact form in canonical JSON."""


def text(value: Json) -> str:
    r"""Canonical JSON as text: ASCII, without DEL and without `{{`, which no engine's template language then sees.

    >>> text({"a": "{{x}}"})
    '{"a": "{\\u007bx}}"}'
    """
    # `{{` and DEL can occur inside strings only: after `{` JSON wants a quote or `}`.
    plain = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return plain.replace("\x7f", "\\u007f").replace("{{", "{\\u007b")


def document(content: Mapping[str, Any]) -> str:
    """A document of ours as text: an entry a line, since what indents is slow Python."""
    return (
        "{\n" + ",\n".join([f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in content.items()]) + "\n}\n"
    )


def dumps(value: object) -> str:
    """A value as canonical text.

    Raises:
        NotCanonical: see `encode`.
    """
    return text(encode(value))


def loads(source: str | bytes, *, is_trusted: bool = False) -> Any:
    """The value of canonical text.

    Raises:
        ValueError: when it is not canonical JSON; see also `decode`.
    """
    return decode(parse(source), is_trusted=is_trusted)


def parse(source: str | bytes) -> Json:
    """JSON text as JSON; `NaN` and the infinities as bare words are not JSON.

    Raises:
        ValueError: when it is not JSON.
    """
    return cast("Json", json.loads(source, parse_constant=_refuse_constant))


def _refuse_constant(word: str) -> None:
    raise ValueError(f"`{word}` is not JSON")


def encode(value: object, leaf: Callable[[object], Json] | None = None) -> Json:
    """A value as canonical JSON.

    Args:
        value: anything.
        leaf: makes the JSON of what is not canonical, and of paths; it raises `NotCanonical` where it cannot.

    Raises:
        NotCanonical: for a value of another type, and for one that holds itself.
    """
    return _Encoder(leaf).encode(value)


def _tagged(kind: str, *content: Json) -> Json:
    return {TAG: [kind, *content]}


class _Encoder:
    def __init__(self, leaf: Callable[[object], Json] | None) -> None:
        self.leaf = leaf
        self.open: set[int] = set()

    def encode(self, value: object) -> Json:
        if value is None or value is True or value is False or type(value) is str:
            return value
        if id(value) in self.open:
            raise NotCanonical(f"a {type(value).__name__} that holds itself")
        self.open.add(id(value))
        try:
            make = _ENCODERS.get(type(value), _Encoder.encode_other)
            return make(self, value)
        finally:
            self.open.discard(id(value))

    def encode_int(self, value: int) -> Json:
        return value if -_LONG < value < _LONG else _tagged("int", hex(value))

    def encode_float(self, value: float) -> Json:
        return value if math.isfinite(value) else _tagged("float", str(value))

    def encode_list(self, value: list[object]) -> list[Json]:
        return [self.encode(item) for item in value]

    def encode_sequence(self, value: tuple[object, ...]) -> Json:
        return _tagged("tuple", self.encode_list([*value]))

    def encode_set(self, value: set[object] | frozenset[object]) -> Json:
        # The order of a set changes with the hash seed; the text of its items does not.
        return _tagged(type(value).__name__, sorted(self.encode_list([*value]), key=text))

    def encode_dict(self, value: dict[object, object]) -> Json:
        if all(type(key) is str for key in value) and TAG not in value:
            return {cast("str", key): self.encode(item) for key, item in value.items()}
        return _tagged("dict", [[self.encode(key), self.encode(item)] for key, item in value.items()])

    def encode_datetime(self, value: dt.datetime | dt.time) -> Json:
        # A named zone and the second of two equal times have no ISO form.
        if value.fold or not (value.tzinfo is None or type(value.tzinfo) is dt.timezone):
            return self._leaf(value)
        return _tagged(type(value).__name__, value.isoformat())

    def encode_timedelta(self, value: dt.timedelta) -> Json:
        seconds = value.total_seconds()
        if dt.timedelta(seconds=seconds) != value:
            return self._leaf(value)
        return _tagged("timedelta", int(seconds) if seconds.is_integer() else seconds)

    def encode_path(self, value: pathlib.PurePath) -> Json:
        return _tagged("path", str(value)) if self.leaf is None else self.leaf(value)

    def encode_symbol(self, value: Any) -> Json:
        symbol = symbol_of(value)
        return self._leaf(value) if symbol is None else _tagged("symbol", symbol)

    def encode_other(self, value: object) -> Json:
        if isinstance(value, enum.Enum):
            return self._enum(value)
        if isinstance(value, type):
            return self.encode_symbol(value)
        symbol = symbol_of(type(value))
        if symbol is not None and isinstance(value, tuple) and hasattr(value, "_asdict"):
            return _tagged("object", symbol, {name: self.encode(getattr(value, name)) for name in _fields(type(value))})
        state = None if symbol is None else _state(value)
        if state is None:
            return self._leaf(value)
        return _tagged("state", symbol, {name: self.encode(item) for name, item in state.items()})

    def _enum(self, value: enum.Enum) -> Json:
        symbol = symbol_of(type(value))
        if symbol is None or type(value).__members__.get(value.name) is not value:
            return self._leaf(value)
        return _tagged("enum", symbol, value.name)

    def _leaf(self, value: object) -> Json:
        if self.leaf is None:
            raise NotCanonical(f"a value of type {type_name(type(value))}")
        return self.leaf(value)


_ENCODERS: dict[type, Callable[[_Encoder, Any], Json]] = {
    int: _Encoder.encode_int,
    float: _Encoder.encode_float,
    list: _Encoder.encode_list,
    tuple: _Encoder.encode_sequence,
    set: _Encoder.encode_set,
    frozenset: _Encoder.encode_set,
    dict: _Encoder.encode_dict,
    bytes: lambda _, value: _tagged("bytes", base64.b64encode(value).decode()),
    complex: lambda _, value: _tagged("complex", str(value).strip("()")),
    dt.datetime: _Encoder.encode_datetime,
    dt.time: _Encoder.encode_datetime,
    dt.date: lambda _, value: _tagged("date", value.isoformat()),
    dt.timedelta: _Encoder.encode_timedelta,
    decimal.Decimal: lambda _, value: _tagged("decimal", str(value)),
    uuid.UUID: lambda _, value: _tagged("uuid", str(value)),
    type(pathlib.Path()): _Encoder.encode_path,
    types.FunctionType: _Encoder.encode_symbol,
    types.BuiltinFunctionType: _Encoder.encode_symbol,
}


def _fields(class_: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(class_):
        return tuple(field.name for field in dataclasses.fields(class_))
    return tuple(getattr(class_, "_fields", ()))


def _state(value: Any) -> dict[str, object] | None:
    """What a dataclass or pydantic object is made of; None for others and where its class says how it is pickled."""
    class_ = type(value)
    if is_pydantic(class_):
        return dict(value.__getstate__())
    is_plain = all(
        getattr(class_, name) is getattr(object, name) for name in ("__reduce_ex__", "__reduce__", "__new__")
    )
    if not dataclasses.is_dataclass(class_) or not is_plain:
        return None
    # Slotted frozen dataclasses get a `__getstate__` from the standard library; any other is the user's.
    getstate: Any = class_.__getstate__
    if getstate is not object.__getstate__ and getstate.__name__ != "_dataclass_getstate":
        return None
    fields = {name: getattr(value, name) for name in _fields(class_) if hasattr(value, name)}
    return {**fields, **getattr(value, "__dict__", {})}


def decode(value: Json, leaf: Callable[[list[Any]], Any] | None = None, *, is_trusted: bool = False) -> Any:
    """The value of canonical JSON.

    Args:
        value: canonical JSON.
        leaf: reads the kinds that the `leaf` of `encode` made.
        is_trusted: the JSON is the compiler's or a verified artifact's. What a person may have typed as a parameter
            of a run is not, and cannot name functions and classes as values.

    Raises:
        ValueError: when it is not canonical; ImportError or AttributeError: when a class it names is not there.
    """
    if isinstance(value, list):
        return [decode(item, leaf, is_trusted=is_trusted) for item in value]
    if not isinstance(value, dict):
        return value
    content = cast("dict[str, Any]", value)
    if TAG not in content:
        return {key: decode(item, leaf, is_trusted=is_trusted) for key, item in content.items()}
    tagged = content[TAG]
    if len(content) != 1 or not isinstance(tagged, list) or not tagged:
        raise ValueError(f"`{TAG}` is reserved: not canonical JSON")
    return _decode_tagged(tagged, leaf, is_trusted)


def _decode_tagged(tagged: list[Any], leaf: Callable[[list[Any]], Any] | None, is_trusted: bool) -> Any:
    kind, *rest = tagged
    if kind in _SIMPLE:
        return _SIMPLE[kind](*rest)
    if kind in _NESTED:
        return _NESTED[kind](decode(rest[0], leaf, is_trusted=is_trusted))
    if kind in ("enum", "object", "state"):
        class_ = resolve(rest[0])
        return _rebuild(kind, class_, decode(rest[1], leaf, is_trusted=is_trusted))
    if kind == "symbol":
        if not is_trusted:
            raise ValueError("a function or class cannot be given as a parameter")
        return resolve(rest[0])
    if leaf is None:
        raise ValueError(f"`{kind}` is no kind of canonical JSON")
    return leaf([kind, *rest])


_SIMPLE: dict[str, Callable[..., Any]] = {
    "bytes": lambda value: base64.b64decode(value, validate=True),
    "float": {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.__getitem__,
    "int": lambda value: int(value, 16),
    "complex": complex,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": lambda value: dt.timedelta(seconds=value),
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
    "path": pathlib.Path,
}
_NESTED: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict}


def _rebuild(kind: str, class_: Any, content: Any) -> Any:
    # Only classes that are made for it: `{"$pipec": ["object", "subprocess:Popen", …]}` must not run anything.
    if kind == "enum" and isinstance(class_, enum.EnumMeta):
        return class_[content]
    is_record = isinstance(class_, type) and (is_buildable(class_) or is_pydantic(class_))
    if kind == "enum" or not is_record:
        raise ValueError(f"{type_name(class_)} is no class that canonical JSON can hold")
    if kind == "object":
        return class_(**content)
    made = object.__new__(class_)
    if is_pydantic(class_):
        made.__setstate__(content)
        return made
    for name, item in content.items():
        object.__setattr__(made, name, item)
    return made


def is_buildable(class_: type) -> bool:
    """Whether objects of the class are made from fields by keyword: dataclasses, named tuples, `pipec.sdk` settings."""
    is_named_tuple = issubclass(class_, tuple) and hasattr(class_, "_asdict")
    return dataclasses.is_dataclass(class_) or is_named_tuple or hasattr(class_, "model_fields_set")


def is_pydantic(class_: type) -> bool:
    """Whether it is a pydantic model class."""
    return hasattr(class_, "__pydantic_validator__") and hasattr(class_, "model_fields")


def symbol_of(value: Any) -> str | None:
    """`module:qualified.name` under which a class or function can be imported again, None if it cannot."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is value else None


def resolve(symbol: str) -> Any:
    """The object that `module:qualified.name` names.

    Raises:
        ValueError: when it is not of that form; ImportError or AttributeError: when it is not there.
    """
    module, colon, name = symbol.partition(":")
    if not (module and colon and name):
        raise ValueError(f"`{symbol}` is not `module:name`")
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def type_name(class_: Any) -> str:
    """A class for people: `int`, `pandas.DataFrame`."""
    module, name = getattr(class_, "__module__", ""), getattr(class_, "__qualname__", repr(class_))
    return name if module in ("builtins", "") else f"{module}.{name}"
