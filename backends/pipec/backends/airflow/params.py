"""Run parameters as Airflow params: a default and a JSON schema that Airflow checks before a run starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.literals import Code, Plain, call
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir import types
from pipec.compiler.ir.constants import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Parameter
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json

_SCHEMAS = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "none": "null",
}


def param(parameter: Parameter) -> Code | Diagnostic:
    """`Param(default, type=…)`, or why the default cannot be one."""
    arguments: list[tuple[str, Plain]] = []
    if parameter.default is not None:
        value = parameter.default.value
        if not _is_plain(value):
            return Diagnostic(
                "PC0404",
                f"the default of `{parameter.name}` is no JSON, and Airflow's params are JSON",
                parameter.span,
                help="use numbers, text, lists and dicts with text keys, or a constant inside the step",
            )
        arguments.append(("", value))
    arguments += schema(parameter.type).items()
    if parameter.doc:
        arguments.append(("description", parameter.doc))
    return Code(call("Param", arguments, 0).replace("\n", "\n            "))


def schema(type_: Type) -> Mapping[str, Plain]:
    """The JSON schema of a type, as far as it is certain; an empty one accepts everything."""
    members = types.members(type_)
    if any(member.choices for member in members):
        choices = [
            choice for member in members for choice in (member.choices or ((None,) if member == types.NONE else ()))
        ]
        return {"enum": choices} if all(one.choices or one == types.NONE for one in members) else {}
    names = [_SCHEMAS.get(_name(member)) for member in members]
    if None in names or not names:
        return {}
    unique = list(dict.fromkeys(str(name) for name in names))
    found: dict[str, Plain] = {"type": unique[0] if len(unique) == 1 else unique}
    lists = [member for member in members if _name(member) == "list" and len(member.arguments) == 1]
    if lists and (items := schema(lists[0].arguments[0])):
        found["items"] = dict(items)
    return found


def _name(type_: Type) -> str:
    return "list" if type_.name in {"tuple", "set", "frozenset"} else type_.name


def _is_plain(value: Json) -> bool:
    """Whether canonical JSON says the value without a tag."""
    if isinstance(value, dict):
        return kind_of(value) is None and all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list) else True
