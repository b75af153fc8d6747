"""Run parameters as Airflow's `Param`: a JSON schema, a default, a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from pipec.backends.airflow.literals import Node, Prose, call, literal
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.constants import content_of, kind_of
from pipec.compiler.ir.types import members

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Parameter
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json

_SIMPLE = {"none": "null", "bool": "boolean", "int": "integer", "float": "number", "str": "string"}
_TEXTS = {
    "pathlib.Path": "path",
    "uuid.UUID": "uuid",
    "decimal.Decimal": "decimal",
    "datetime.datetime": "datetime",
    "datetime.date": "date",
    "datetime.time": "time",
}
"""Classes whose values people write as text, with the kind of their canonical JSON."""

_ARRAYS = frozenset({"list", "tuple", "set", "frozenset"})


class NotPlain(ValueError):
    """A default has no plain JSON; the text says what it is."""


def schema(type_: Type) -> dict[str, Json]:
    """The JSON schema of a type as keywords of `Param`; empty where anything goes."""
    alternatives = [_member(member) for member in members(type_)]
    if not all(alternatives):
        return {}
    if len(alternatives) == 1:
        return alternatives[0]
    if any("enum" in each for each in alternatives):
        return _choices(alternatives)
    if all("type" in each and isinstance(each["type"], str) for each in alternatives):
        merged: dict[str, Json] = {}
        for each in alternatives:
            merged.update(each)
        words = [each["type"] for each in alternatives]
        # The interface shows a field for the first type that is not null.
        merged["type"] = sorted(dict.fromkeys(words), key=lambda word: word == "null")
        structured = sum(len(each) > 1 for each in alternatives)
        return merged if structured < 2 else {"anyOf": alternatives}
    return {"anyOf": alternatives}


def _choices(alternatives: list[dict[str, Json]]) -> dict[str, Json]:
    """Fixed choices, and perhaps null."""
    choices: list[Json] = []
    for each in alternatives:
        if "enum" in each:
            choices += cast("Sequence[Json]", each["enum"])
        elif each == {"type": "null"}:
            choices.append(None)
        else:
            return {"anyOf": alternatives}
    return {"enum": choices}


def _member(type_: Type) -> dict[str, Json]:
    if type_.choices:
        return {"enum": list(type_.choices)}
    if type_.name in _SIMPLE:
        return {"type": _SIMPLE[type_.name]}
    if type_.name in _TEXTS:
        return {"type": "string", "format": "date"} if type_.name == "datetime.date" else {"type": "string"}
    if type_.name in _ARRAYS:
        return _array(type_)
    if type_.name == "dict":
        values = schema(type_.arguments[1]) if len(type_.arguments) == 2 else {}
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
    return {}


def _array(type_: Type) -> dict[str, Json]:
    if type_.name == "tuple" and not type_.is_variadic:
        size = len(type_.arguments)
        return {"type": "array", "minItems": size, "maxItems": size} if size else {"type": "array"}
    items = schema(type_.arguments[0]) if type_.arguments else {}
    return {"type": "array", "items": items} if items else {"type": "array"}


def reading(type_: Type) -> str | None:
    """What a step makes of the parameter's JSON before it computes with it; None where the JSON is the value.

    `float`, `int`, or a kind of canonical JSON.
    """
    words = {_reading(member) for member in members(type_) if member.name != "none"}
    return words.pop() if len(words) == 1 else None


def _reading(type_: Type) -> str | None:
    if type_.choices:
        return None
    if type_.name in {"int", "float", "tuple", "set", "frozenset"}:
        return type_.name
    return _TEXTS.get(type_.name)


def plain(value: Json) -> Json:
    """A default as people write it: what Airflow shows in its form and validates.

    Raises:
        NotPlain: JSON cannot say it.
    """
    kind = kind_of(value)
    if kind is None:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
    content = content_of(value)
    if kind in {"tuple", "set", "frozenset"}:
        return [plain(item) for item in cast("Sequence[Json]", content[0])]
    if kind in _TEXTS.values():
        return content[0]
    if kind == "object":
        return {key: plain(item) for key, item in cast("Mapping[str, Json]", content[1]).items()}
    raise NotPlain(f"a {'number that is not finite' if kind == 'float' else f'value of kind `{kind}`'}")


def param(parameter: Parameter) -> Node | Diagnostic:
    """`Param(default, type=…, description=…)`, or why the default cannot be one."""
    items: list[tuple[str, Node]] = []
    if parameter.default is not None:
        try:
            items.append(("", literal(plain(parameter.default.value))))
        except NotPlain as problem:
            return Diagnostic(
                "PC0404",
                f"the default of `{parameter.name}` is {problem}, and Airflow's params are JSON",
                parameter.span,
                help="fix it at compile time with `--bind`, or let a step make it of numbers, text, lists and dicts",
            )
    items += [(f"{word}=", literal(value)) for word, value in schema(parameter.type).items()]
    if parameter.doc:
        items.append(("description=", Prose(parameter.doc)))
    return call("Param", *items)
