"""Annotations as static types. An annotation that cannot be read is `any`: types are checked where they are certain."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.frontend.values import (
    AnnotationAlias,
    Builtin,
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    SdkSymbol,
    SettingsValue,
    Unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.ir.values import Json

_GENERIC = {
    "List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset", "Sequence": "list",
    "MutableSequence": "list", "Mapping": "dict", "MutableMapping": "dict", "DefaultDict": "dict", "OrderedDict": "dict",
    "Iterable": "list", "Collection": "list",
}  # fmt: skip
_TYPING = ("typing.", "typing_extensions.", "collections.abc.")
_PLAIN = frozenset(
    {"int", "float", "str", "bool", "bytes", "list", "dict", "tuple", "set", "frozenset", "complex", "object"}
)
_ALIASES = {"pandas.core.frame.DataFrame": "pandas.DataFrame", "pandas.core.series.Series": "pandas.Series"}


_SPECIAL_FORMS = frozenset({"Annotated", "Optional", "Union", "Literal", "Tuple", "List", "Dict", "Set"})


def is_subscripted_type(container: Any) -> bool:
    """Whether `container[…]` is a type: `Annotated`, `Optional`, `list`, …."""
    if isinstance(container, Builtin):
        return container.name in {"list", "dict", "tuple", "set", "frozenset", "type"}
    return (
        isinstance(container, External)
        and container.path.startswith(_TYPING)
        and container.path.rpartition(".")[2] in _SPECIAL_FORMS
    )


@dataclass(frozen=True, slots=True)
class Annotation:
    """A type, and what `Annotated` adds to it: the evaluated metadata."""

    type: Type
    metadata: tuple[Any, ...] = ()


def read_annotation(interpreter: Interpreter, node: ast.expr | None, frame: Frame) -> Annotation:
    """The type that an annotation states; `any` where it states none that can be read."""
    if node is None:
        return Annotation(types.ANY)
    try:
        return _read(interpreter, node, frame)
    except (Fault, RecursionError):
        return Annotation(types.ANY)


def _read(interpreter: Interpreter, node: ast.expr, frame: Frame) -> Annotation:
    match node:
        case ast.Constant(value=None):
            return Annotation(types.NONE)
        case ast.Constant(value=str() as text):
            return _from_text(interpreter, text, frame)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Annotation(union([_read(interpreter, left, frame).type, _read(interpreter, right, frame).type]))
        case ast.Subscript(value=value, slice=index):
            arguments = list(index.elts) if isinstance(index, ast.Tuple) else [index]
            return _subscripted(interpreter, interpreter.evaluate(value, frame), arguments, frame)
        case _:
            return _named(interpreter, interpreter.evaluate(node, frame), frame)


def _from_text(interpreter: Interpreter, text: str, frame: Frame) -> Annotation:
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return Annotation(types.ANY)
    for inner in ast.walk(node):  # places inside the text are of no use: a fault is never shown from here
        if "lineno" in inner._attributes:
            inner.lineno = inner.end_lineno = 1  # type: ignore[attr-defined]
            inner.col_offset = inner.end_col_offset = 0  # type: ignore[attr-defined]
    return _read(interpreter, node, frame)


def union(members: list[Type]) -> Type:
    """The union of `members`: flat, each once; with `any` in it, `any`."""
    flat = tuple(dict.fromkeys(inner for member in members for inner in types.members(member)))
    if types.ANY in flat:
        return types.ANY
    return flat[0] if len(flat) == 1 else Type("union", flat)


def _named(interpreter: Interpreter, value: Any, frame: Frame) -> Annotation:
    match value:
        case None:
            return Annotation(types.NONE)
        case AnnotationAlias(node=node, frame=home):
            return _read(interpreter, node, home)
        case Builtin(name=name) if name in _PLAIN:
            return Annotation(types.ANY if name == "object" else Type(name))
        case External(path=path):
            return Annotation(_external(path))
        case SdkSymbol(name=name):
            return Annotation(Type(f"pipec.sdk.{name}"))
        case ClassValue() if "__members__" in value.names:
            return Annotation(_enum_type(value))
        case ClassValue():
            return Annotation(Type(f"{value.module.name}.{value.qualified_name}"))
        case str():
            return _from_text(interpreter, value, frame)
        case _:
            return Annotation(types.ANY)


def _enum_type(cls: ClassValue) -> Type:
    members = cls.names["__members__"].values()
    choices = tuple(one.value for one in members if isinstance(one, EnumMember))
    plain = all(isinstance(one, str | int | float | bool) for one in choices)
    return Type(f"{cls.module.name}.{cls.qualified_name}", choices=choices if plain else ())


def _external(path: str) -> Type:
    name = path.rpartition(".")[2]
    if path.startswith(_TYPING):
        if name in {"Any", "Optional", "Union", "Callable", "Annotated", "Literal"}:
            return types.ANY
        return Type(_GENERIC[name]) if name in _GENERIC else types.ANY
    return Type(_ALIASES.get(path, path))


def _subscripted(interpreter: Interpreter, base: Any, arguments: list[ast.expr], frame: Frame) -> Annotation:
    name = base.path.rpartition(".")[2] if isinstance(base, External | SdkSymbol) else getattr(base, "name", "")
    if isinstance(base, External) and base.path.startswith(_TYPING):
        special = _special_form(interpreter, name, arguments, frame)
        if special is not None:
            return special
        name = _GENERIC.get(name, "")
    elif isinstance(base, External | ClassValue | Unknown):
        return _named(interpreter, base, frame)
    if name not in _PLAIN:
        return Annotation(types.ANY)
    return Annotation(_generic(interpreter, name, arguments, frame))


def _generic(interpreter: Interpreter, name: str, arguments: list[ast.expr], frame: Frame) -> Type:
    is_variadic = len(arguments) == 2 and isinstance(arguments[1], ast.Constant) and arguments[1].value is ...
    if is_variadic:
        arguments = arguments[:1]
    return Type(name, tuple(_read(interpreter, one, frame).type for one in arguments), is_variadic=is_variadic)


def _special_form(interpreter: Interpreter, name: str, arguments: list[ast.expr], frame: Frame) -> Annotation | None:
    match name:
        case "Annotated":
            inner = _read(interpreter, arguments[0], frame)
            metadata = tuple(_metadata(interpreter, one, frame) for one in arguments[1:])
            return Annotation(inner.type, (*inner.metadata, *metadata))
        case "Optional":
            return Annotation(union([_read(interpreter, arguments[0], frame).type, types.NONE]))
        case "Union":
            return Annotation(union([_read(interpreter, one, frame).type for one in arguments]))
        case "Literal":
            values = [interpreter.evaluate(one, frame) for one in arguments]
            plain = tuple(one for one in values if one is None or isinstance(one, str | int | float | bool))
            return Annotation(Type("literal", choices=plain))
        case "Final" | "Required" | "NotRequired" | "ClassVar":
            return _read(interpreter, arguments[0], frame)
        case _:
            return None


def _metadata(interpreter: Interpreter, node: ast.expr, frame: Frame) -> Any:
    try:
        return interpreter.evaluate(node, frame)
    except Fault as fault:
        return Unknown(fault.diagnostic)


_REGISTERED = {"version": "version", "tags": "tags", "run_metadata": "metadata", "artifact_type": "type"}


def artifact_facts(metadata: tuple[Any, ...]) -> dict[str, Json]:
    """What `Annotated[T, ArtifactConfig(…)]` says of an output beside its name (`StepOutput.registered`).

    Raises:
        Fault: something of it cannot be known.
    """
    for one in metadata:
        if isinstance(one, SettingsValue) and one.kind == "ArtifactConfig":
            # Few programs have one, and that module is large.
            from pipec.compiler.frontend.setting_values import plain

            given = {_REGISTERED[name]: one.fields[name] for name in _REGISTERED if one.fields.get(name) is not None}
            facts = {name: plain(value, one.span) for name, value in given.items() if value not in ([], {})}
            return {**facts, "version": str(facts["version"])} if "version" in facts else facts
    return {}


def artifact_name(metadata: tuple[Any, ...]) -> str | None:
    """The name that `Annotated[T, "name"]` or `Annotated[T, ArtifactConfig(name=…)]` gives; None if it gives none.

    Raises:
        Fault: the name cannot be known.
    """
    for one in metadata:
        if isinstance(one, Unknown):
            raise Fault(one.diagnostic)
        if isinstance(one, str):
            return one
        if isinstance(one, SettingsValue) and one.kind == "ArtifactConfig" and isinstance(one.fields.get("name"), str):
            return str(one.fields["name"])
    return None
