"""Attributes of values."""

from __future__ import annotations

import importlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names, operations
from pipec.compiler.frontend.values import (
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    FunctionValue,
    InstanceValue,
    MapResult,
    Method,
    ModuleValue,
    PipelineValue,
    ProjectFile,
    RunMetadata,
    SdkSymbol,
    ServerValue,
    SettingsValue,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    name_of,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Expr, Item, Lazy, Output, Param

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

FUTURE = frozenset({"load", "result", "artifacts", "wait", "running", "get_artifact", "chunk"})
"""Methods of the futures that a call in a dynamic pipeline returns."""

MAP_RESULT = frozenset({"load", "result", "artifacts", "wait", "running", "unpack"})
"""Methods of what a mapped call returns."""

STEP_METHODS = frozenset(
    {"with_options", "configure", "after", "submit", "map", "product", "entrypoint", "copy", "resolve"}
)
PIPELINE_METHODS = frozenset(
    {"with_options", "configure", "entrypoint", "run", "prepare", "build", "deploy", "register", "submit", "embed"}
)


def read_attribute(  # noqa: C901, PLR0912 - a flat dispatch over kinds of value
    interpreter: Interpreter, owner: Any, name: str, span: Span
) -> Any:
    """`owner.name`.

    Raises:
        Fault: there is no such attribute, or it has no meaning at compile time.
    """
    match owner:
        case ServerValue(path=path):
            from pipec.compiler.frontend import lookups

            component = path.removeprefix("Client().active_stack.")
            if name == "name" and component in interpreter.components:
                return interpreter.components[component]
            return lookups.server_value(f"{path}.{name}", owner.diagnostic.span or span)
        case Unknown():
            return owner
        case ModuleValue(module=module):
            found = names.module_attribute(interpreter, module, name)
            if found is not None:
                return found.value
            raise Fault(_no_attribute(f"the module `{module.name}`", name, span, module.names))
        case External(path=path):
            return interpreter.external(f"{path}.{name}", span)
        case SdkSymbol():
            return _of_sdk(interpreter, owner, name, span)
        case StepValue():
            return _of_step(owner, name, span)
        case PipelineValue():
            if name in PIPELINE_METHODS:
                return Method(owner, name)
            if name == "name":
                return owner.options["name"].value if "name" in owner.options else owner.definition.qualified_name
            raise Fault(_no_attribute(describe(owner), name, span, PIPELINE_METHODS))
        case Symbolic():
            return _of_symbolic(owner, name, span)
        case RunMetadata() | ProjectFile():
            return Method(owner, name)
        case StepResult():
            return _of_result(owner, name, span)
        case ClassValue():
            return _of_class(interpreter, owner, name, span)
        case InstanceValue():
            return _of_instance(interpreter, owner, name, span)
        case EnumMember(value=value, name=member):
            if name in {"value", "name"}:
                return value if name == "value" else member
            return _of_plain(value, name, span) if owner.is_text else _missing(owner, name, span)
        case SettingsValue():
            return _of_settings(interpreter, owner, name, span)
        case FunctionValue(qualified_name=qualified_name):
            if name in {"__name__", "__qualname__"}:
                return qualified_name.rpartition(".")[2] if name == "__name__" else qualified_name
            return _missing(owner, name, span)
        case MapResult() if name in MAP_RESULT:
            return Method(owner, name)
        case MapResult() if name == "futures":
            return owner
        case _:
            return _of_plain(owner, name, span)


def _of_settings(interpreter: Interpreter, owner: SettingsValue, name: str, span: Span) -> Any:
    if name in owner.fields:
        return owner.fields[name]
    if name in {"model_dump", "dict", "copy", "model_copy"}:
        return Method(owner, name)
    if owner.kind == "PipelineContext":
        raise Fault(_no_attribute("the context of a pipeline", name, span, owner.fields))
    if owner.kind == "Model" and interpreter.graph is not None:
        from pipec.compiler.frontend import lookups

        return lookups.model_attribute(interpreter, owner, name, span)
    return None


def _is_date(value: Any) -> bool:
    """Whether it is a date or a date with a time; their module is imported only where a program has one."""
    return type(value).__module__ == "datetime" and hasattr(value, "year")


def _of_machine(value: Any, name: str, span: Span) -> Any:
    """An attribute of a path or a time that would look at the disk or the clock; None for one that does not."""
    from pipec.compiler.frontend import files, host

    if _is_date(value):
        is_local = name in _LOCAL and getattr(value, "tzinfo", None) is None
        return Unknown(host.unrepeatable(f"datetime.{name}", span)) if is_local else None
    if name in files.PATH_METHODS:
        return Method(value, name)
    return Unknown(files.effect_of_path(name, span)) if hasattr(Path, name) and not hasattr(value, name) else None


def _of_plain(value: Any, name: str, span: Span) -> Any:
    if (isinstance(value, PurePath) or _is_date(value)) and (found := _of_machine(value, name, span)) is not None:
        return found
    if name.startswith("__") and name not in {"__name__", "__doc__"}:
        raise Fault(_no_attribute(describe(value), name, span, ()))
    attribute = operations.guarded(lambda: getattr(value, name), span)
    return Method(value, name) if callable(attribute) else attribute


def _of_sdk(interpreter: Interpreter, owner: SdkSymbol, name: str, span: Span) -> Any:
    from pipec.compiler.frontend.sdk import enum_value, integration_constant

    path = f"{owner.path}.{name}"
    if path.startswith("zenml.integrations."):
        constant = integration_constant(path)
        found = interpreter.external(path, span) if constant is None else constant
        return found if not isinstance(found, External) else SdkSymbol(name, path)
    member = enum_value(owner.name, name, span)
    if member is not None:
        return member.value
    return SdkSymbol(name, f"{owner.path}.{name}")


def _of_step(owner: StepValue, name: str, span: Span) -> Any:
    if name in STEP_METHODS:
        return Method(owner, name)
    if name in {"name", "__name__"}:
        return owner.options["name"].value if "name" in owner.options and name == "name" else name_of(owner)
    raise Fault(_no_attribute(describe(owner), name, span, STEP_METHODS))


_LOCAL = frozenset({"now", "today", "utcnow", "timestamp", "astimezone", "fromtimestamp"})
"""Methods of dates and times without a zone that look at the clock or the zone of the machine."""

_CLASSES = {"str": str, "list": list, "dict": dict, "int": int, "float": float, "bool": bool}
_RARE_CLASSES = frozenset({"datetime.datetime", "datetime.date", "uuid.UUID"})


def _class_of(type_: types.Type) -> type | None:
    """The class whose methods values of a type have, where Python's own say so."""
    if type_.name in _RARE_CLASSES:
        module, _, name = type_.name.partition(".")
        found: type = getattr(importlib.import_module(module), name)
        return found
    return _CLASSES.get(type_.name)


def _of_symbolic(owner: Symbolic, name: str, span: Span) -> Any:
    value = owner.value
    if isinstance(value, Output) and name in {"invocation_id", "output_name"}:
        return value.operation if name == "invocation_id" else value.name
    if isinstance(value, Output) and (name == "after" or name in FUTURE):
        return Method(owner, name)
    if isinstance(value, Lazy) or (isinstance(value, Expr) and value.op == "look_up"):
        from pipec.compiler.frontend import lookups

        found = lookups.artifact_attribute(owner, name, span)
        if found is not None:
            return found
    if isinstance(value, Param | Item) and name == "value" and value.type.choices and value.type.name != "literal":
        return owner  # of a member of an enum, a run is given the value
    kind = _class_of(value.type)
    if kind is not None and callable(getattr(kind, name, None)):
        return Method(owner, name)
    if kind is not None and hasattr(kind, name) and not name.startswith("_"):
        type_ = types.INT if value.type.name in _RARE_CLASSES else types.ANY
        return operations.symbolic("attr", [owner, name], type_, span)
    if isinstance(value, Output | Item | Expr) and (name in FUTURE or name == "item_count"):
        return Method(owner, name) if name in FUTURE else operations.item_count(owner, span)
    operations.check_use(owner, f"`.{name}`", span)
    if kind is not None:
        raise Fault(_no_attribute(f"a `{value.type}`", name, span, dir(kind)))
    return operations.symbolic("attr", [owner, name], types.ANY, span)


def _of_result(owner: StepResult, name: str, span: Span) -> Any:
    if name == "invocation_id":
        return owner.operation
    if name == "after" or name in FUTURE:
        return Method(owner, name)
    raise Fault(
        Diagnostic(
            "PC0309",
            f"{describe(owner)} has no attribute `{name}` in a pipeline",
            span,
            help="unpack the result into one name per output" if owner.outputs else "",
        )
    )


def class_attribute(interpreter: Interpreter, cls: ClassValue, name: str) -> names.Found | None:
    """The attribute `name` of a class or of one of its bases."""
    if name in cls.names:
        return names.Found(names.force(interpreter, cls.names, name))  # type: ignore[arg-type]
    for base in cls.bases:
        if isinstance(base, ClassValue) and (found := class_attribute(interpreter, base, name)):
            return found
    return None


def _of_class(interpreter: Interpreter, owner: ClassValue, name: str, span: Span) -> Any:
    found = class_attribute(interpreter, owner, name)
    if found is not None:
        return found.value
    if name in {"__name__", "__qualname__"}:
        return owner.qualified_name
    if any(not isinstance(base, ClassValue) for base in owner.bases):
        return Unknown(_from_outside(owner, name, span))
    raise Fault(_no_attribute(describe(owner), name, span, owner.names))


def _of_instance(interpreter: Interpreter, owner: InstanceValue, name: str, span: Span) -> Any:
    if name in owner.fields:
        return owner.fields[name]
    found = class_attribute(interpreter, owner.cls, name)
    if found is None:
        if name in {"model_dump", "dict", "model_copy"}:
            return Method(owner, name)
        if any(not isinstance(base, ClassValue) for base in owner.cls.bases):
            return Unknown(_from_outside(owner.cls, name, span))
        raise Fault(_no_attribute(describe(owner), name, span, [*owner.fields, *owner.cls.names]))
    if isinstance(found.value, FunctionValue):
        return _bind(interpreter, owner, found.value, span)
    return found.value


def _bind(interpreter: Interpreter, owner: InstanceValue, function: FunctionValue, span: Span) -> Any:
    decorators = {getattr(one, "id", getattr(one, "attr", "")) for one in getattr(function.node, "decorator_list", ())}
    if decorators & {"property", "cached_property"}:
        return interpreter.call_function(function, [owner], {}, span, Frame(function.module, {}))
    if "staticmethod" in decorators:
        return function
    return Method(owner.cls if "classmethod" in decorators else owner, function.qualified_name.rpartition(".")[2])


def _from_outside(cls: ClassValue, name: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0204",
        f"`{cls.qualified_name}.{name}` is not known at compile time",
        span,
        notes=("it comes from a base class outside the project",),
        help="use it inside a step",
    )


def _missing(owner: Any, name: str, span: Span) -> Any:
    raise Fault(_no_attribute(describe(owner), name, span, ()))


def _no_attribute(owner: str, name: str, span: Span, candidates: Any) -> Diagnostic:
    from pipec.compiler.diagnostics.near import near_names

    near = near_names(name, (one for one in candidates if isinstance(one, str)))
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    return Diagnostic("PC0205", f"{owner} has no `{name}`", span, help=help_)
