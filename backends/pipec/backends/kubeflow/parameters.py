"""Run parameters: which of KFP's types they have, and which defaults KFP can hold.

All numbers of KFP are doubles: what would not come through is refused (PC0404). None exists only as "not given", and
the backend fails where a sub-DAG hands such a parameter on (driver, `resolveInputParameter`: "parent DAG does not have
input parameter"). So a parameter that may be None is canonical JSON text in a STRING, `null` where nothing is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipec.backends.kubeflow.protected import is_live, protected
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.constants import kind_of
from pipec.compiler.ir.types import members, without_none

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


def native_type(parameter: Parameter) -> str | None:
    """The `parameterType` of a parameter, None where it has to be canonical JSON in a STRING.

    That is so where it may be None, and where its default is text that a template language would expand.
    """
    default = None if parameter.default is None else parameter.default.value
    may_be_none = parameter.default is not None and default is None
    is_protected = isinstance(default, str) and is_live(default)
    name = None if may_be_none or is_protected else _native_name(parameter.type)
    return None if name is None else _NATIVE[name]


def parameter_type(parameter: Parameter) -> str:
    """The `parameterType` as which a parameter is declared."""
    return native_type(parameter) or "STRING"


def reading(parameter: Parameter) -> Json:
    """How the adapter of the runtime (`pipec.runtime.kubeflow`) reads the parameter: doubles become ints again.

    `json` for canonical text, `text` where it may also be bare text; else `int`, `float`, `str`, `bool`, `any`,
    `{"list": …}` or `{"dict": …}`.
    """
    if native_type(parameter) is None:
        return "text" if _native_name(without_none(parameter.type)) == "str" else "json"
    return _reading(parameter.type)


def _reading(type_: Type) -> Json:
    match type_.name:
        case "list":
            return {"list": _reading(type_.arguments[0]) if type_.arguments else "any"}
        case "dict":
            return {"dict": _reading(type_.arguments[1]) if len(type_.arguments) == 2 else "any"}
        case _:
            return _native_name(type_) or "any"


def _native_name(type_: Type) -> str | None:
    """The one of `int float str bool list dict` that values of the type are to KFP; None for any other type."""
    names = {_member_name(member) for member in members(type_)}
    if names == {"int", "float"}:
        return "float"
    name = names.pop() if len(names) == 1 else None
    return name if name in _NATIVE else None


def _member_name(member: Type) -> str:
    if member.name != "literal":
        return member.name
    names = {type(choice).__name__ for choice in member.choices}
    return names.pop() if len(names) == 1 else "literal"


def input_definition(parameter: Parameter) -> tuple[dict[str, Yaml], list[Diagnostic]]:
    """The entry of `root.inputDefinitions.parameters`, and what is wrong with the default."""
    entry: dict[str, Yaml] = {"parameterType": parameter_type(parameter)}
    faults: list[Diagnostic] = []
    if parameter.default is not None:
        default = parameter.default.value
        if native_type(parameter) is None:
            default = protected(default)
        else:
            faults = [_refusal(parameter, reason) for reason in obstacles(default)]
        entry |= {"defaultValue": default, "isOptional": True}
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


def obstacles(value: Json, *, is_nested: bool = False) -> list[str]:
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
            return [reason for item in texts for reason in obstacles(item, is_nested=True)]
        case Sequence():
            return [reason for item in value for reason in obstacles(item, is_nested=True)]
        case _:
            return []
