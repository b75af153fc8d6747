"""Static types, as far as annotations give them.

A type is a name and its arguments, so that it prints, compares and serialises without a class per kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

Scalar = None | bool | int | float | str
"""What JSON can hold in a leaf."""


@dataclass(frozen=True, slots=True)
class Type:
    """A static type.

    Attributes:
        name: `any`, `none`, `bool`, `int`, `float`, `str`, `bytes`, `list`, `tuple`, `set`, `dict`, `union`,
            `literal`, or the dotted name of a class (`pandas.DataFrame`, `steps.config.Settings`).
        arguments: the type arguments, in order; of a `union` its members. A `tuple` with one argument and
            `is_variadic` is `tuple[T, ...]`.
        choices: the values of a `literal`, or of an enum class.
        is_variadic: see `arguments`.
    """

    name: str
    arguments: tuple[Type, ...] = ()
    choices: tuple[Scalar, ...] = ()
    is_variadic: bool = False

    def __str__(self) -> str:
        """The type as an annotation: `dict[str, int]`, `float | None`."""
        if self.name == "union":
            return " | ".join("None" if member == NONE else str(member) for member in self.arguments)
        if self.name == "literal":
            return f"Literal[{', '.join(map(repr, self.choices))}]"
        name = {"none": "None", "any": "Any"}.get(self.name, self.name)
        if not self.arguments:
            return name
        arguments = ", ".join(map(str, self.arguments)) + (", ..." if self.is_variadic else "")
        return f"{name}[{arguments}]"


ANY = Type("any")
NONE = Type("none")
BOOL = Type("bool")
INT = Type("int")
FLOAT = Type("float")
STR = Type("str")

_JSON_SCALARS = {"none", "bool", "int", "float", "str"}


def members(type_: Type) -> tuple[Type, ...]:
    """The members of a union, else the type alone."""
    return type_.arguments if type_.name == "union" else (type_,)


def is_optional(type_: Type) -> bool:
    """Whether `None` belongs to the type (`Any` aside)."""
    return any(member == NONE for member in members(type_))


def without_none(type_: Type) -> Type:
    """The type with `None` taken out of its union; other types as they are."""
    rest = tuple(member for member in members(type_) if member != NONE)
    if len(rest) == 1:
        return rest[0]
    return Type("union", rest) if rest else NONE


def union_of(kinds: Sequence[Type]) -> Type:
    """The type of a value that is of one of `kinds`, of which there is at least one."""
    unique = tuple(dict.fromkeys(member for kind in kinds for member in members(kind)))
    if len(unique) == 1:
        return unique[0]
    return ANY if ANY in unique else Type("union", unique)


def is_number_like(type_: Type) -> bool:
    """Whether every value of the type is a number, a boolean or `None`: what travels as a parameter (DESIGN §4)."""
    return all(
        member.name in {"bool", "int", "float", "none"}
        or (member.name == "literal" and not any(isinstance(choice, str) for choice in member.choices))
        for member in members(type_)
    )


def is_json(type_: Type) -> bool:
    """Whether every value of the type is JSON: scalars, and lists and string-keyed dicts of them."""
    match type_.name:
        case "union" | "list":
            return all(map(is_json, type_.arguments)) and bool(type_.arguments)
        case "dict":
            return len(type_.arguments) == 2 and type_.arguments[0] == STR and is_json(type_.arguments[1])
        case "literal":
            return True
        case name:
            return name in _JSON_SCALARS


def may_hold(type_: Type, value: object) -> bool:
    """Whether a value of `type_` may be this plain value; False only where it certainly may not.

    As in Python's numeric tower an `int` serves for a `float`, and a `bool` does not serve for text or a list.
    """
    checks: dict[str, type | tuple[type, ...]] = {
        "bool": bool,
        "int": int,
        "float": (int, float),
        "str": str,
        "list": list,
        "dict": dict,
        "none": type(None),
    }
    for member in members(type_):
        if member.name == "literal" or member.choices:
            if value in member.choices:
                return True
        elif member.name not in checks:
            return True
        elif isinstance(value, checks[member.name]) and not (
            isinstance(value, bool) and member.name in ("int", "float")
        ):
            return _elements_may(member, value)
    return False


def _elements_may(type_: Type, value: object) -> bool:
    if isinstance(value, list) and type_.arguments:
        return all(may_hold(type_.arguments[0], one) for one in value)
    if isinstance(value, dict) and len(type_.arguments) == 2:
        return all(may_hold(type_.arguments[1], one) for one in value.values())
    return True
