"""What every reader of a setting shares: known values, records, plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.placed import Placed, entries_of
from pipec.compiler.frontend.transport import to_json
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    External,
    Fault,
    FunctionValue,
    SdkSymbol,
    Setting,
    SettingsValue,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_known,
)
from pipec.compiler.ir.values import Json, Lazy
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.source import Span


def known(setting: Setting, name: str) -> Any:
    """The value of a setting that must be known.

    Raises:
        Fault: it is not.
    """
    if unknown := find_unknown(setting.value):
        raise Fault(unknown.diagnostic)
    if isinstance(setting.value, Symbolic) or (
        not is_known(setting.value) and not isinstance(setting.value, SettingsValue)
    ):
        message = f"`{name}` must be known at compile time, and {describe(setting.value)} is not"
        raise Fault(Diagnostic("PC0204", message, setting.span))
    return setting.value.value if isinstance(setting.value, EnumMember) else setting.value


def wrong(setting: Setting, name: str, takes: str) -> Fault:
    """The fault of a value that the setting `name` does not take."""
    return Fault(Diagnostic("PC0502", f"`{name}` takes {takes}, not {describe(setting.value)}", setting.span))


def record(setting: Setting, name: str, kind: str) -> SettingsValue:
    """A settings object, or a dict that is checked as one.

    Raises:
        Fault: it is neither, or has a wrong field.
    """
    value = setting.value
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, dict):
        value = _checked(value, setting, kind)
        if isinstance(value, Unknown):
            raise Fault(value.diagnostic)
    if not isinstance(value, SettingsValue) or value.kind != kind:
        raise wrong(setting, name, f"a `{kind}`")
    return value


def _checked(value: dict[Any, Any], setting: Setting, kind: str) -> Any:
    """The object of class `kind` with these fields; what is wrong deeper down is pointed at there."""
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.sdk import make_settings

    try:
        return make_settings(kind, Arguments([], entries_of(value, setting.span)), setting.span)
    except Fault as fault:
        found = _place_of(value, fault.diagnostic)
        raise Fault(fault.diagnostic if found is None else replace(fault.diagnostic, span=found)) from None


def _place_of(value: Any, diagnostic: Diagnostic) -> Span | None:
    """Where the field that a fault names stands, in tables within tables."""
    if not isinstance(value, dict):
        return None
    for name, entry in (
        entries_of(value, diagnostic.span).items() if isinstance(value, Placed) and diagnostic.span else ()
    ):
        if (found := _place_of(entry.value, diagnostic)) is not None:
            return found
        if diagnostic.code == "PC0501" and f"has no field `{name}`" in diagnostic.message:
            return entry.name_span
        if diagnostic.code == "PC0502" and f".{name}` " in diagnostic.message:
            return entry.span
    return None


def plain(value: Any, span: Span) -> Json:
    """A known value of a setting as JSON: settings objects as their set fields, symbols as their dotted names.

    Raises:
        Fault: something in it is unknown.
    """
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, SettingsValue):
        return {name: plain(one, span) for name, one in value.fields.items()}
    if isinstance(value, EnumMember):
        return plain(value.value, span)
    if isinstance(value, dict):
        return {str(key): plain(one, span) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, span) for one in value]
    if isinstance(value, Symbolic) and isinstance(value.value, Lazy):
        return {"$pipec": [value.value.kind, dict(value.value.query)]}
    if isinstance(value, FunctionValue | ClassValue) and getattr(value, "frame", None) is None:
        return f"{value.module.name}.{value.qualified_name}"
    if isinstance(value, External | SdkSymbol):
        return value.path
    if isinstance(value, ABSTRACT):
        raise Fault(Diagnostic("PC0204", f"{describe(value)} is not known at compile time", span))
    return to_json(value, span)


def symbol(value: Any, setting: Setting) -> str:
    """`module:name` of a function, class or step, or of a dotted name.

    Raises:
        Fault: it is nothing of the kind.
    """
    value = value.definition if isinstance(value, StepValue) else value
    if isinstance(value, FunctionValue | ClassValue) and getattr(value, "frame", None) is None:
        return f"{value.module.name}:{value.qualified_name}"
    value = value.path if isinstance(value, External) else value
    if isinstance(value, str):
        module, _, name = value.rpartition(".")
        return f"{module}:{name}"
    raise Fault(Diagnostic("PC0502", f"{describe(value)} is not a function or its dotted name", setting.span))
