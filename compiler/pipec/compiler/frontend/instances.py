"""Objects of the project's own classes: data classes, pydantic models, enums, and classes with a plain `__init__`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.attributes import class_attribute
from pipec.compiler.frontend.legacy import is_parameters, warn
from pipec.compiler.frontend.values import (
    MISSING,
    ClassValue,
    EnumMember,
    External,
    Fault,
    FieldDefault,
    Frame,
    FunctionValue,
    InstanceValue,
    SdkSymbol,
    Setting,
    StepValue,
    Unknown,
    find_unknown,
)

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_MODELS = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings"})


def instantiate(interpreter: Interpreter, cls: ClassValue, arguments: Arguments, span: Span, frame: Frame) -> Any:
    """A new object of `cls`, an enum member, a step of a `BaseStep` class, or unknown where its making is not understood."""
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    if "__members__" in cls.names:
        return _member(cls, positional, span)
    if _derives_from(cls, "BaseStep"):
        return StepValue(cls, dict(arguments.keywords))
    found = class_attribute(interpreter, cls, "__init__")
    if found is not None and isinstance(found.value, FunctionValue):
        instance = InstanceValue(cls, {})
        interpreter.call_function(found.value, [instance, *positional], keywords, span, frame)
        return instance
    if is_parameters(cls):
        warn(interpreter, "BaseParameters", span)
    if cls.is_dataclass or is_model(cls) or is_parameters(cls) or _is_named_tuple(cls):
        return _with_fields(interpreter, cls, arguments, span)
    if any(not isinstance(base, ClassValue) for base in cls.bases):
        return Unknown(_not_known(cls, span))
    if positional or keywords:
        raise Fault(Diagnostic("PC0302", f"`{cls.qualified_name}` takes no arguments", span))
    return InstanceValue(cls, {})


def is_model(cls: ClassValue) -> bool:
    """Whether `cls` is a pydantic model."""
    return any(
        (isinstance(base, External) and base.path in _MODELS) or (isinstance(base, ClassValue) and is_model(base))
        for base in cls.bases
    )


def is_made_by_keyword(cls: ClassValue) -> bool:
    """Whether an object of `cls` is its fields and nothing else, so that a step can make it again."""
    if cls.is_dataclass or is_model(cls) or is_parameters(cls) or _is_named_tuple(cls):
        return True
    return any(isinstance(base, ClassValue) and is_made_by_keyword(base) for base in cls.bases)


def _is_named_tuple(cls: ClassValue) -> bool:
    return any(isinstance(base, External) and base.path == "typing.NamedTuple" for base in cls.bases)


def _derives_from(cls: ClassValue, name: str) -> bool:
    return any(
        (isinstance(base, SdkSymbol) and base.name == name)
        or (isinstance(base, ClassValue) and _derives_from(base, name))
        for base in cls.bases
    )


def field_names(cls: ClassValue) -> list[str]:
    """The annotated fields of a data class or model, those of its bases first."""
    found: dict[str, None] = {}
    for base in reversed(cls.bases):
        if isinstance(base, ClassValue):
            found.update(dict.fromkeys(field_names(base)))
    for statement in cls.node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if "ClassVar" not in ast.unparse(annotation):
                    found[name] = None
            case _:
                pass
    return list(found)


def _with_fields(interpreter: Interpreter, cls: ClassValue, arguments: Arguments, span: Span) -> Any:
    from pipec.compiler.frontend.calls import unknown_argument

    names = field_names(cls)
    positional, keywords = arguments.values()
    fields: dict[str, Any] = {}
    if len(positional) > len(names) or (positional and (is_model(cls) or is_parameters(cls))):
        raise Fault(Diagnostic("PC0302", f"`{cls.qualified_name}` takes {len(names)} fields, by keyword", span))
    given = {**dict(zip(names, positional, strict=False)), **keywords}
    for name in list(given):
        if name not in names and is_model(cls) and name in keywords and arguments.keywords[name].keyword is None:
            del given[name]  # pydantic ignores what a mapping holds beside its fields
        elif name not in names:
            raise Fault(unknown_argument(cls.qualified_name, name, set(names), arguments.keywords[name].name_span))
    for name in names:
        if name in given:
            fields[name] = _coerced(interpreter, cls, name, given[name], span) if is_model(cls) else given[name]
            continue
        fields[name] = _default(interpreter, cls, name, span)
    return find_unknown(list(fields.values())) or InstanceValue(cls, fields)


def _coerced(interpreter: Interpreter, cls: ClassValue, name: str, value: Any, span: Span) -> Any:
    """A value for a field of a pydantic model: dicts become the models that the annotation names, also in lists and dicts.

    Raises:
        Fault: a nested model does not take what it is given.
    """
    if not isinstance(value, dict | list):
        return value
    for owner in (cls, *(base for base in cls.bases if isinstance(base, ClassValue))):
        for statement in owner.node.body:
            if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == name:
                frame = Frame(owner.module, owner.module.names)
                return _fit(interpreter, statement.annotation, value, frame, span)
    return value


def _fit(interpreter: Interpreter, annotation: ast.expr, value: Any, frame: Frame, span: Span) -> Any:
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice.elts[-1] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
        if isinstance(value, list):
            return [_fit(interpreter, inner, one, frame, span) for one in value]
        if isinstance(value, dict) and ast.unparse(annotation.value).rpartition(".")[2] in {"dict", "Dict", "Mapping"}:
            return {key: _fit(interpreter, inner, one, frame, span) for key, one in value.items()}
        return _fit(interpreter, inner, value, frame, span)
    if not isinstance(value, dict) or not isinstance(annotation, ast.Name | ast.Attribute):
        return value
    nested = interpreter.evaluate(annotation, frame)
    if not isinstance(nested, ClassValue) or not is_model(nested):
        return value
    from pipec.compiler.frontend.calls import Arguments

    return _with_fields(
        interpreter, nested, Arguments([], {str(key): Setting(one, span) for key, one in value.items()}), span
    )


def _default(interpreter: Interpreter, cls: ClassValue, name: str, span: Span) -> Any:
    from pipec.compiler.frontend.builtin_calls import call_value

    found = class_attribute(interpreter, cls, name)
    value = MISSING if found is None else found.value
    if isinstance(value, FieldDefault):
        if value.factory is not None:
            return call_value(interpreter, value.factory, [], span)
        value = value.value
    if value is MISSING:
        raise Fault(Diagnostic("PC0301", f"`{cls.qualified_name}(…)` leaves out `{name}`", span))
    return _fresh(value)


def _fresh(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict | set) else value


def _member(cls: ClassValue, positional: list[Any], span: Span) -> Any:
    members: dict[str, EnumMember] = cls.names["__members__"]
    wanted = positional[0] if positional else None
    for member in members.values():
        if wanted is member or wanted == member.value:
            return member
    message = f"{wanted!r} is not a value of `{cls.qualified_name}`"
    return operations.guarded(lambda: _raise(ValueError(message)), span)


def _raise(error: Exception) -> Any:
    raise error


def _not_known(cls: ClassValue, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0204",
        f"an object of `{cls.qualified_name}` is not known at compile time",
        span,
        notes=("its class derives from one outside the project",),
        help="make the object inside a step",
    )
