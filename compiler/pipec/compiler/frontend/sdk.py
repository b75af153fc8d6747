"""The authoring API as the evaluator sees it: its value objects, enums, decorators and functions.

Value objects are made by the very classes of `pipec.sdk`, so that what they accept is decided in one place; a value that
is only known to a run, or a symbol, is shown to them as `Inert`, which passes their checks.
"""

from __future__ import annotations

import ast
import importlib
import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.names import Found
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    FunctionValue,
    SdkSymbol,
    Setting,
    SettingsValue,
    StepValue,
    Symbolic,
    Unknown,
    Unmapped,
    find_unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.constants import TAG
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, DictOf, Expr, ListOf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import ModuleTable
    from pipec.compiler.frontend.names import Import
    from pipec.compiler.source import Span

PUBLIC_NAMES = frozenset(
    """ArtifactConfig CachePolicy CommandStep ExternalArtifact Model ResourceSettings StepContext Tag add_tags
    bulk_log_metadata get_pipeline_context get_step_context link_artifact_to_model load_artifact
    log_artifact_metadata log_metadata log_model_metadata log_step_metadata pipeline register_artifact remove_tags
    run_hook save_artifact show step unmapped wait""".split()
)
"""What `from zenml import *` binds (`zenml.__all__`, `reference/zenml.md` §1.1)."""

LEGACY_NAMES = frozenset({"Output", "BaseParameters", "BaseStepConfig"})


def check_shadowing(table: ModuleTable, imported: Import, path: str) -> Diagnostic | None:
    """The fault of a module in the project that Python would import in place of the authoring API."""
    top = path.partition(".")[0]
    for root in table.source_roots:
        shadow = next((one for one in (root / f"{top}.py", root / top / "__init__.py") if one.is_file()), None)
        if (shadow is None and top == "zenml") or (shadow is None and imported.module.startswith("pipec.sdk")):
            continue
        local = root.joinpath(*imported.module.split("."))
        if shadow is None and not (local.with_suffix(".py").is_file() or local.is_dir()):
            continue
        found = table.display(shadow or local)
        return Diagnostic(
            "PC0208",
            f"`{top}` is the authoring API, and the project has `{found}`",
            imported.importer.span(imported.alias),
            notes=(f"Python would import the project's `{top}`; to pipec `{top}` always means the authoring API",),
            help=f"rename `{found}`",
        )
    return None


def enum_value(enum: str, member: str, span: Span) -> Found | None:
    """The value of a member of one of the API's enums; None where `enum` is no enum.

    Raises:
        Fault: the enum has no such member.
    """
    if not enum[:1].isupper():
        return None
    from enum import Enum

    cls = getattr(importlib.import_module("pipec.sdk.enums"), enum, None)
    if not (isinstance(cls, type) and issubclass(cls, Enum)):
        return None
    if member not in cls.__members__:
        names = ", ".join(f"`{one}`" for one in cls.__members__)
        raise Fault(Diagnostic("PC0205", f"`{enum}` has no `{member}`", span, help=f"it has {names}"))
    return Found(cls[member].value)


def call_sdk(  # noqa: C901 - a flat dispatch over names
    interpreter: Interpreter, symbol: SdkSymbol, arguments: Arguments, node: ast.Call, frame: Frame
) -> Any:
    """The value of a call of the authoring API."""
    span = interpreter.span(node, frame)
    if symbol.name in {"step", "pipeline"}:
        return _decorator_call(interpreter, symbol, arguments, node, frame)
    if symbol.name in LEGACY_NAMES:
        return Unknown(legacy(symbol.name, span))
    if symbol.name == "Client":
        from pipec.compiler.frontend.lookups import client

        return client(span)
    if symbol.name == "get_pipeline_context":
        from pipec.compiler.frontend.lookups import pipeline_context

        return pipeline_context(interpreter, span)
    if symbol.name == "unmapped" and len(arguments.positional) == 1 and not arguments.keywords:
        return Unmapped(arguments.positional[0].value)
    if symbol.name == "wait":
        from pipec.compiler.frontend.dynamic import waiting

        return Unknown(waiting(span))
    if symbol.name == "CommandStep":
        return _command_step(arguments, span)
    if symbol.name == "run_with_accelerate":
        return _accelerated(interpreter, arguments, span)
    if symbol.path.startswith("zenml.integrations.") and symbol.name not in _settings_classes():
        return _of_integration(symbol, arguments, span)
    settings = _settings_classes()
    if symbol.name == "ExternalArtifact" and set(arguments.keywords) & {"id", "name", "version"}:
        return _stored_artifact(arguments, span)
    if symbol.name in settings:
        return _settings_object(interpreter, symbol.name, arguments, span)
    message = f"`{symbol.name}` is not supported in a pipeline"
    return Unknown(Diagnostic("PC0204", message, span, help="use it inside a step"))


def _settings_object(interpreter: Interpreter, kind: str, arguments: Arguments, span: Span) -> Any:
    """A value object; what has no effect in it is reported."""
    if kind == "ExternalArtifact" and "materializer" in arguments.keywords:
        place = arguments.keywords["materializer"].name_span
        message = "`materializer` of `ExternalArtifact` has no effect: the value is a constant of the program"
        interpreter.report(Diagnostic("PC0501", message, place, severity=Severity.WARNING))
    arguments.keywords, unheard = heard_fields(kind, arguments.keywords)
    for one in unheard:
        interpreter.report(one)
    return make_settings(kind, arguments, span)


def integration_constant(path: str) -> str | None:
    """The value of a constant of `zenml.integrations.constants`."""
    module, _, name = path.rpartition(".")
    if module != "zenml.integrations.constants":
        return None
    value = getattr(importlib.import_module("pipec.sdk.integrations"), name, None)
    return value if isinstance(value, str) else None


def _command_step(arguments: Arguments, span: Span) -> Any:
    """A step that runs a command: a step of pipec's own runtime, the command its argument.

    Raises:
        Fault: there is no command, or one that is not known.
    """
    options = dict(arguments.keywords)
    given = options.pop("command", None) or next(iter(arguments.positional), None)
    if given is None:
        raise Fault(Diagnostic("PC0301", "`CommandStep` leaves out `command`", span, help="give it a list of words"))
    if isinstance(given.value, FunctionValue):
        message = f"`CommandStep` takes a command, and `{given.value.qualified_name}` is a function"
        raise Fault(Diagnostic("PC0502", message, given.span, help="make the function a step with `@step`"))
    options.setdefault("name", Setting("CommandStep", span))
    options["parameters"] = Setting({"command": given.value}, given.span)
    options["enable_cache"] = Setting(False, span)
    return StepValue(External("pipec.runtime.commands.run"), options)


def _stored_artifact(arguments: Arguments, span: Span) -> Any:
    """`ExternalArtifact(id=…)` or `(name=…, version=…)` of older versions: an artifact that is looked up.

    Raises:
        Fault: it has neither a name nor an id.
    """
    from pipec.compiler.frontend.lookups import look_up

    _, keywords = arguments.values()
    if unknown := find_unknown(list(keywords.values())):
        return unknown
    name = keywords.get("id") or keywords.get("name")
    if name is None:
        raise Fault(Diagnostic("PC0301", "`ExternalArtifact` leaves out `value`", span))
    return look_up("artifact", {"name": name, "version": keywords.get("version")}, types.ANY, span)


def _accelerated(interpreter: Interpreter, arguments: Arguments, span: Span) -> Any:
    """`run_with_accelerate(step)`: the step itself, and a warning, since only the decorator travels with the step's code."""
    wrapped = next((one.value for one in arguments.positional), None)
    if not isinstance(wrapped, StepValue):
        message = "`run_with_accelerate(…)` without a step is supported as a decorator"
        return Unknown(Diagnostic("PC0210", message, span, help="write `@run_with_accelerate(…)` above `@step`"))
    interpreter.report(
        Diagnostic(
            "PC0225",
            "the step runs without `accelerate launch`",
            span,
            severity=Severity.WARNING,
            notes=("the wrapper is made in the pipeline, and a step starts from its module, where it is not wrapped",),
            help="write `@run_with_accelerate(…)` above `@step`, where the step is defined",
        )
    )
    return wrapped


def _of_integration(symbol: SdkSymbol, arguments: Arguments, span: Span) -> Any:
    """What an integration makes: a value object, made by the step that takes it with the same arguments."""
    if symbol.name.endswith("_step"):
        return Unknown(_foreign_step(symbol.path, span))
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    parts = symbol.path.split(".")
    start = next((index for index, part in enumerate(parts) if part[:1].isupper()), None)
    if start is None:
        return Unknown(_foreign_step(symbol.path, span))
    reference = Const({TAG: ["symbol", f"{'.'.join(parts[:start])}:{'.'.join(parts[start:])}"]}, types.ANY)
    given = ListOf(tuple(operations.to_value(one, span) for one in positional), Type("list"))
    named = DictOf(tuple((name, operations.to_value(one, span)) for name, one in keywords.items()), Type("dict"))
    return Symbolic(Expr("call", (reference, given, named), Type(symbol.path)))


def _decorator_call(
    interpreter: Interpreter, symbol: SdkSymbol, arguments: Arguments, node: ast.Call, frame: Frame
) -> Any:
    """`step(function)` and `step(name=…)(function)` written as expressions."""
    if arguments.positional and isinstance(arguments.positional[0].value, FunctionValue | ClassValue):
        return interpreter.make_definition(symbol, arguments.positional[0].value, dict(arguments.keywords), node, frame)
    span = interpreter.span(node, frame)
    message = f"`{symbol.name}(…)` is supported as a decorator, and as `{symbol.name}(function)`"
    return Unknown(Diagnostic("PC0210", message, span))


def _settings_classes() -> dict[str, str]:
    modules: dict[str, str] = importlib.import_module("pipec.sdk.settings").MODULES
    return modules


def make_settings(kind: str, arguments: Arguments, span: Span) -> Any:
    """A value object: checked by the class itself.

    Raises:
        Fault: the class does not take a field or its value.
    """
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    module = importlib.import_module(f"pipec.sdk.settings.{_settings_classes()[kind]}")
    cls = getattr(module, kind)
    inert = importlib.import_module("pipec.sdk._convert").Inert
    shown = {name: _show(value, inert) for name, value in keywords.items()}
    try:
        cls(*[_show(value, inert) for value in positional], **shown)
    except TypeError as error:
        raise Fault(_refused("PC0501", error, arguments, span)) from error
    except ValueError as error:
        raise Fault(_refused("PC0502", error, arguments, span)) from error
    if positional:
        keywords = {**_positional_names(cls, positional), **keywords}
    places = {name: one.span for name, one in arguments.keywords.items()}
    return SettingsValue(kind, keywords, span, places)


def heard_fields(kind: str, entries: Mapping[str, Setting]) -> tuple[dict[str, Setting], list[Diagnostic]]:
    """The entries without fields that the class does not have, and a warning for each.

    ZenML drops them in silence. One that looks like a field stays, and is refused where the object is made.
    """
    from pipec.compiler.diagnostics.near import near_names

    cls = getattr(importlib.import_module(f"pipec.sdk.settings.{_settings_classes()[kind]}"), kind)
    known = {*cls._fields, *cls.ALIASES, *cls.REMOVED}
    strange = [name for name in entries if not (cls._open or name in known or near_names(name, known))]
    unheard = [
        Diagnostic(
            "PC0501",
            f"`{kind}` has no field `{name}`",
            entries[name].name_span,
            severity=Severity.WARNING,
            notes=("it has no effect, in ZenML neither",),
        )
        for name in strange
    ]
    return {name: one for name, one in entries.items() if name not in strange}, unheard


def _positional_names(cls: Any, positional: list[Any]) -> dict[str, Any]:
    return dict(zip(cls.__annotations__, positional, strict=False))


def _refused(code: str, error: Exception, arguments: Arguments, span: Span) -> Diagnostic:
    text = str(error)
    headline, _, help_ = text.partition(" (did you mean ")
    place = next(
        (
            one.name_span if code == "PC0501" else one.span
            for name, one in arguments.keywords.items()
            if f"`{name}`" in headline or f".{name}" in headline
        ),
        span,
    )
    headline = re.sub(r"^[A-Z]\w+(\.\w+)?(?= )", r"`\g<0>`", headline)
    return Diagnostic(code, headline, place, help=f"did you mean {help_.rstrip(')')}" if help_ else "")


def _show(value: Any, inert: Any) -> Any:
    if isinstance(value, SettingsValue):
        return _rebuild(value, inert)
    if isinstance(value, EnumMember):
        return value.value
    if isinstance(value, ABSTRACT):
        return inert()
    if isinstance(value, list | tuple):
        return type(value)(_show(part, inert) for part in value)
    if isinstance(value, dict):
        return {key: _show(part, inert) for key, part in value.items()}
    return value


def _rebuild(value: SettingsValue, inert: Any) -> Any:
    module = importlib.import_module(f"pipec.sdk.settings.{_settings_classes()[value.kind]}")
    return getattr(module, value.kind)(**{name: _show(part, inert) for name, part in value.fields.items()})


def check_name(imported: Import) -> Diagnostic | None:
    """The fault of importing from the API's front door what it does not have; None where that is not certain.

    Of `zenml`, which may be newer than what is known here, only a name that looks like a known one is refused.
    """
    from pipec.compiler.diagnostics.near import near_names

    if imported.name is None or imported.name in PUBLIC_NAMES or imported.module not in {"pipec.sdk", "zenml"}:
        return None
    known = set(dir(importlib.import_module("pipec.sdk")))
    if imported.name in known or imported.name in LEGACY_NAMES:
        return None
    near = near_names(imported.name, PUBLIC_NAMES if imported.module == "zenml" else known)
    if imported.module == "zenml" and not near:
        return None
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    return Diagnostic(
        "PC0202", f"`{imported.module}` has no `{imported.name}`", imported.importer.span(imported.alias), help=help_
    )


def _foreign_step(path: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0211",
        f"`{path.rpartition('.')[2]}` is defined outside the project",
        span,
        notes=("its inputs, outputs and code are not known",),
        help="declare its signature in `[tool.pipec.stubs]`, or write a step of your own that calls it",
    )


def legacy(name: str, span: Span) -> Diagnostic:
    """The fault of using what ZenML removed."""
    return Diagnostic(
        "PC0212",
        f"`{name}` was removed from ZenML",
        span,
        help='annotate the return type instead: `-> Annotated[T, "name"]`'
        if name == "Output"
        else "pass plain arguments",
    )
