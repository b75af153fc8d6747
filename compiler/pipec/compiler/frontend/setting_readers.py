"""The value of each keyword of decorators and run configurations, checked and as the IR has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.placed import entries_of
from pipec.compiler.frontend.setting_values import known, plain, record, symbol, wrong
from pipec.compiler.frontend.values import (
    EnumMember,
    Fault,
    Setting,
    SettingsValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_known,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.config import CachePolicy, ExecutionMode, Retry
from pipec.compiler.ir.values import Json, Lazy
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipec.compiler.source import Span


def _flag(setting: Setting, name: str) -> bool:
    value = known(setting, name)
    if not isinstance(value, bool):
        raise wrong(setting, name, "`True` or `False`")
    return value


def _label(setting: Setting, name: str) -> Json:
    """A word that is only recorded. What the active stack would name (`Client().active_stack…`) is "the stack's own"."""
    value = setting.value
    if isinstance(value, Unknown) and name in _STACK_NAMES:
        return True
    takes, fits = _LABELS[name]
    value = value.fields if isinstance(value, SettingsValue) else known(setting, name)
    if not fits(value):
        raise wrong(setting, name, takes)
    if name == "group" and isinstance(value, dict):
        value = record(Setting(value, setting.span, setting.keyword), name, "GroupInfo").fields
    return plain(value, setting.span)


def _is_component(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and bool(value))


def _is_minutes(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 10 <= value <= 60


_STEP_TYPES, _RUNTIMES = ("tool_call", "llm_call", "memory_call"), ("inline", "isolated")
_STACK_NAMES = frozenset({"experiment_tracker", "step_operator"})
_LABELS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "step_type": ("`tool_call`, `llm_call` or `memory_call`", lambda value: value in _STEP_TYPES),
    "experiment_tracker": ("the name of a component, or `True`", _is_component),
    "step_operator": ("the name of a component, or `True`", _is_component),
    "runtime": ("`inline` or `isolated`", lambda value: value in _RUNTIMES),
    "heartbeat_healthy_threshold": ("minutes from 10 to 60", _is_minutes),
    "group": (
        "a name or a `GroupInfo`",
        lambda value: isinstance(value, dict) or (isinstance(value, str) and bool(value)),
    ),
}
"""Words that are only recorded: what each takes."""


def _timeout(setting: Setting, name: str) -> float:
    value = known(setting, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise wrong(setting, name, "a number of seconds above 0")
    return float(value)


def _parallelism(setting: Setting, name: str) -> int:
    value = known(setting, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise wrong(setting, name, "a whole number above 0")
    return value


def _run_name(setting: Setting, name: str) -> str:
    value = known(setting, name)
    if not isinstance(value, str) or not value:
        raise wrong(setting, name, "a text")
    return value


def _environment(setting: Setting, name: str) -> dict[str, str | Lazy]:
    if isinstance(setting.value, Unknown):
        raise Fault(setting.value.diagnostic)
    if not isinstance(setting.value, dict):
        raise wrong(setting, name, "a dict of variables")
    return {key: _variable(key, one.value, one) for key, one in entries_of(setting.value, setting.span).items()}


def _variable(key: str, value: Any, setting: Setting) -> str | Lazy:
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, Symbolic) and isinstance(value.value, Lazy):
        return value.value
    if value is None:
        message = f"the variable `{key}` is `None`"
        help_ = "leave it out; ZenML would set the text `None`"
        raise Fault(Diagnostic("PC0502", message, setting.span, help=help_))
    if not is_known(value):
        message = f"the variable `{key}` must be known at compile time, and {describe(value)} is not"
        raise Fault(Diagnostic("PC0204", message, setting.span))
    text = str(value.value if isinstance(value, EnumMember) else value)
    return reference_in(text, setting) if "${" in text else text


def reference_in(text: str, setting: Setting) -> str | Lazy:
    """`${NAME}` in the value of a variable: a look-up when the step starts, never what the compiling machine has.

    Raises:
        Fault: it is only a part of the text.
    """
    found = REFERENCE.search(text)
    if found is None:
        return text
    if found.group() == text:
        return Lazy("environment", {"name": found[1]}, types.STR)
    message = f"`{found.group()}` stands inside a text, and is known only where the step runs"
    help_ = "let the whole value be `${NAME}`, or put the text together in the step"
    raise Fault(Diagnostic("PC0514", message, setting.span, help=help_))


REFERENCE = pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment, as ZenML substitutes it in run configurations."""


def _secrets(setting: Setting, name: str) -> tuple[str, ...]:
    value = known(setting, name)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
        raise wrong(setting, name, "a list of secret names")
    return tuple(dict.fromkeys(value))


def _tags(setting: Setting, name: str) -> tuple[str, ...]:
    if unknown := find_unknown(setting.value):
        raise Fault(unknown.diagnostic)
    if not isinstance(setting.value, list | tuple):
        raise wrong(setting, name, "a list of tags")
    names = [one.fields.get("name") if isinstance(one, SettingsValue) else one for one in setting.value]
    names = [one.get("name") if isinstance(one, dict) else one for one in names]
    if not all(isinstance(one, str) for one in names):
        raise wrong(setting, name, "a list of tags")
    return tuple(dict.fromkeys(str(one) for one in names))


def _retry(setting: Setting, name: str) -> Retry:
    fields = record(setting, name, "StepRetryConfig").fields
    backoff = float(fields.get("backoff", 0)) or 1.0
    return Retry(int(fields.get("max_retries", 1)), float(fields.get("delay", 0)), backoff)


def _model(setting: Setting, name: str) -> Mapping[str, Json]:
    return {key: plain(value, setting.span) for key, value in record(setting, name, "Model").fields.items()}


def _extra(setting: Setting, name: str) -> Mapping[str, Json]:
    value = known(setting, name)
    if not isinstance(value, dict):
        raise wrong(setting, name, "a dict")
    return {str(key): plain(part, setting.span) for key, part in value.items()}


def _substitutions(setting: Setting, name: str) -> Mapping[str, str]:
    value = known(setting, name)
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in [*value, *value.values()]):
        raise wrong(setting, name, "a dict of text")
    return dict(value)


def _execution_mode(setting: Setting, name: str) -> ExecutionMode:
    value = known(setting, name)
    for mode in get_args(ExecutionMode):
        if value == mode:
            found: ExecutionMode = mode
            return found
    raise wrong(setting, name, " or ".join(f"`{mode}`" for mode in get_args(ExecutionMode)))


def _cache_policy(setting: Setting, name: str) -> CachePolicy:
    value = setting.value
    if value == "default":
        return CachePolicy()
    fields = dict(record(setting, name, "CachePolicy").fields)
    expires = fields.get("expires_after")
    if expires is None and fields.get("max_age_days") is not None:
        expires = float(fields["max_age_days"]) * 86400
    ignored = [*(fields.get("ignored_inputs") or ()), *(fields.get("ignore_fields") or ())]
    flags = {key: value for key, value in fields.items() if key.startswith("include_") and value is not None}
    return CachePolicy(
        **flags,
        ignored_inputs=tuple(dict.fromkeys(ignored)),
        file_dependencies=tuple(fields.get("file_dependencies") or ()),
        source_dependencies=tuple(symbol(one, setting) for one in fields.get("source_dependencies") or ()),
        cache_func=None if fields.get("cache_func") is None else symbol(fields["cache_func"], setting),
        expires_after=None if expires is None else float(expires),
    )


def build(settings: Mapping[str, Setting], fields: dict[str, Any], places: dict[str, Span]) -> None:
    """Reads every one of `settings` into the fields of a `Config`, and where it stands.

    Raises:
        Fault: one has a value that it does not take.
    """
    for name, setting in settings.items():
        if name in TOGGLES:
            fields.setdefault("toggles", {})[name] = _flag(setting, name)
            places[f"toggles.{name}"] = setting.span
        elif name in _LABELS:
            fields.setdefault("labels", {})[name] = _label(setting, name)
            places["labels"] = setting.span
        elif name == "settings":
            from pipec.compiler.frontend.component_settings import read_settings

            read_settings(setting, fields, places)
        elif name in READERS:
            field, read = READERS[name]
            fields[field] = read(setting, name)
            places[field] = setting.span
        else:
            raise Fault(Diagnostic("PC0501", f"`{name}` has no meaning here", setting.name_span))


TOGGLES = frozenset(
    """enable_artifact_metadata enable_artifact_visualization enable_step_logs enable_pipeline_logs
    enable_heartbeat""".split()
)
"""Switches of what is recorded of a run."""

READERS: dict[str, tuple[str, Callable[[Setting, str], Any]]] = {
    "enable_cache": ("cache", _flag),
    "environment": ("environment", _environment),
    "secrets": ("secrets", _secrets),
    "extra": ("extra", _extra),
    "model": ("model", _model),
    "retry": ("retry", _retry),
    "substitutions": ("substitutions", _substitutions),
    "cache_policy": ("cache_policy", _cache_policy),
    "timeout": ("timeout", _timeout),
    "tags": ("tags", _tags),
    "execution_mode": ("execution_mode", _execution_mode),
    "max_parallelism": ("max_parallelism", _parallelism),
    "run_name": ("run_name", _run_name),
}
