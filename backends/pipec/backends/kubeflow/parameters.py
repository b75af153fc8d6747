"""Run parameters: which of KFP's types they have, and which defaults KFP can hold.

All numbers of KFP are doubles and None exists only as "not given": what would not come through is refused (PC0404).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipec.backends.kubeflow.protected import is_live, protected
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.constants import kind_of
from pipec.compiler.ir.types import is_optional, members, without_none

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Parameter
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json
    from pipec.compiler.yaml_text import Yaml

LARGEST_INTEGER = 2**53 - 1

_NATIVE = {
    "int": "NUMBER_INTEGER",
    "float": "NUMBER_DOUBLE",
    "str": "STRING",
    "bool": "BOOLEAN",
    "list": "LIST",
    "dict": "STRUCT",
}


def native_name(type_: Type) -> str | None:
    """The one of `int float str bool list dict` that a parameter of the type is to KFP; None for any other type."""
    plain = without_none(type_)
    names = {_member_name(member) for member in members(plain)}
    if names == {"int", "float"}:
        return "float"
    name = names.pop() if len(names) == 1 else None
    return name if name in _NATIVE else None


def _member_name(member: Type) -> str:
    if member.name != "literal":
        return member.name
    names = {type(choice).__name__ for choice in member.choices}
    return names.pop() if len(names) == 1 else "literal"


def parameter_type(type_: Type) -> str:
    """The `parameterType`. What KFP has no type for is canonical JSON in a STRING."""
    return _NATIVE[native_name(type_) or "str"]


def reading(type_: Type) -> Json:
    """How the adapter of the runtime (`pipec.runtime.kubeflow`) reads the parameter: doubles become ints again.

    `json` for canonical text; else `int`, `float`, `str`, `bool`, `any`, `{"list": …}` or `{"dict": …}`.
    """
    name = native_name(type_)
    if name is None:
        return "json"
    return _reading(without_none(type_)) if name in {"list", "dict"} else name


def _reading(type_: Type) -> Json:
    match without_none(type_):
        case type_ if type_.name == "list":
            return {"list": _reading(type_.arguments[0]) if type_.arguments else "any"}
        case type_ if type_.name == "dict":
            return {"dict": _reading(type_.arguments[1]) if len(type_.arguments) == 2 else "any"}
        case type_:
            name = native_name(type_)
            return name if name is not None else "any"


def input_definition(parameter: Parameter) -> tuple[dict[str, Yaml], list[Diagnostic]]:
    """The entry of `root.inputDefinitions.parameters`, and what is wrong with the default."""
    entry: dict[str, Yaml] = {"parameterType": parameter_type(parameter.type)}
    faults: list[Diagnostic] = []
    default = parameter.default
    if default is not None and default.value is not None:
        if native_name(parameter.type) is None:
            entry["defaultValue"] = protected(default.value)
        else:
            faults = [_refusal(parameter, reason) for reason in _obstacles(default.value)]
            entry["defaultValue"] = default.value
    if default is not None or is_optional(parameter.type):
        entry["isOptional"] = True
    if parameter.doc:
        entry["description"] = parameter.doc
    return entry, faults


def _refusal(parameter: Parameter, reason: str) -> Diagnostic:
    return Diagnostic(
        "PC0404",
        f"the default of parameter `{parameter.name}` cannot be carried by Kubeflow: {reason}",
        parameter.span,
        help="bind the parameter at compile time with `--bind`, or annotate it with a type that is carried as text",
    )


def _obstacles(value: Json, *, is_nested: bool = False) -> list[str]:
    """Why KFP cannot hold the value as it is; empty if it can."""
    match value:
        case bool():
            return []
        case int():
            return [f"{value} is not a JavaScript-safe integer"] if abs(value) > LARGEST_INTEGER else []
        case str():
            return ["the text would be expanded as a template on the cluster"] if is_live(value) else []
        case None:
            return ["None inside a list or dict has no form there"] if is_nested else []
        case Mapping() if kind_of(value) is not None:
            return [f"a value of kind `{kind_of(value)}` has no form there"]
        case Mapping():
            texts: list[Json] = [*value.keys(), *value.values()]
            return [reason for item in texts for reason in _obstacles(item, is_nested=True)]
        case Sequence():
            return [reason for item in value for reason in _obstacles(item, is_nested=True)]
        case _:
            return []
