"""Decorator keywords, `with_options` and settings objects as the IR's `Config` (precedence: `reference/zenml.md` §1.6).

A step's own word wins over its pipeline's; dicts merge key by key; what only makes sense for a run (tags, schedule,
execution mode, run-level hooks) stays with the pipeline.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, get_args

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.transport import to_json
from pipec.compiler.frontend.values import (
    ABSTRACT,
    EnumMember,
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
from pipec.compiler.ir.config import CachePolicy, Config, ExecutionMode, Hook, Hooks, Resources, Retry
from pipec.compiler.ir.model import Closure
from pipec.compiler.ir.values import Const, Json, Lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_INHERITED = frozenset(
    """enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs environment secrets
    settings extra model retry substitutions cache_policy""".split()
)
_TOGGLES = frozenset(
    [
        "enable_artifact_metadata",
        "enable_artifact_visualization",
        "enable_step_logs",
        "enable_pipeline_logs",
        "enable_heartbeat",
    ]
)
_LABELS = frozenset(
    {"step_type", "experiment_tracker", "step_operator", "runtime", "heartbeat_healthy_threshold", "group"}
)
_STACK_NAMES = frozenset({"experiment_tracker", "step_operator"})
_HOOKS = ("on_start", "on_end", "on_success", "on_failure", "on_init", "on_cleanup")
_ELSEWHERE = frozenset(
    {"name", "id", "after", "parameters", "output_materializers", "merge", "dynamic", "depends_on", "on_init_kwargs"}
)
_TABLES = {
    "step": "StepOptions",
    "step changes": "StepChanges",
    "pipeline": "PipelineOptions",
    "pipeline changes": "RunOptions",
}
_OWN_EXTRAS = {"step": frozenset({"id", "after", "parameters", "merge"})}


def check_options(options: Mapping[str, Setting], kind: str) -> None:
    """Refuses a keyword that the decorator or method does not have.

    Raises:
        Fault: the first such keyword, with near names.
    """
    if not options:
        return
    table = getattr(importlib.import_module("pipec.sdk.options"), _TABLES[kind])
    known = set(table.__optional_keys__) | set(table.__required_keys__) | _OWN_EXTRAS.get(kind, frozenset())
    for name, setting in options.items():
        if name not in known:
            from pipec.compiler.diagnostics.near import near_names

            near = near_names(name, known)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            owner = f"`@{kind}`" if " " not in kind else "`with_options`"
            raise Fault(Diagnostic("PC0501", f"{owner} has no keyword `{name}`", setting.name_span, help=help_))


def merge_options(old: Mapping[str, Setting], new: Mapping[str, Setting]) -> dict[str, Setting]:
    """Options over options: None changes nothing; dicts merge unless `merge=False`; all else replaces."""
    merge = new.get("merge")
    is_merged = merge is None or merge.value is not False
    merged = dict(old)
    for name, setting in new.items():
        if name == "merge" or setting.value is None:
            continue
        before = merged.get(name)
        if is_merged and before is not None and isinstance(before.value, dict) and isinstance(setting.value, dict):
            merged[name] = Setting({**before.value, **setting.value}, setting.span)
        else:
            merged[name] = setting
    return merged


def call_config(interpreter: Interpreter, step: StepValue) -> Config:
    """The merged configuration of one call of `step` in the pipeline that is being compiled."""
    inherited = {name: one for name, one in interpreter.program.options.items() if name in _INHERITED}
    return _read(interpreter, merge_options(inherited, step.options))


def pipeline_config(interpreter: Interpreter, options: Mapping[str, Setting]) -> Config:
    """The configuration of the pipeline as a whole."""
    return _read(interpreter, options)


def _read(interpreter: Interpreter, options: Mapping[str, Setting]) -> Config:
    fields: dict[str, Any] = {}
    places: dict[str, Span] = {}
    for name, setting in options.items():
        if name in _ELSEWHERE or setting.value is None:
            continue
        if name in _TOGGLES:
            fields.setdefault("toggles", {})[name] = _flag(setting, name)
            places[f"toggles.{name}"] = setting.span
        elif name in _LABELS:
            fields.setdefault("labels", {})[name] = _label(setting, name)
            places["labels"] = setting.span
        elif name == "settings":
            _settings(setting, fields, places)
        elif name in _READERS:
            field, read = _READERS[name]
            fields[field] = read(setting, name)
            places[field] = setting.span
        elif name not in _HOOKS:
            message = f"`{name}` is not supported yet"
            raise Fault(Diagnostic("PC0501", message, setting.name_span))
    hooks = {name: options[name] for name in _HOOKS if name in options and options[name].value is not None}
    if hooks:
        fields["hooks"] = _hooks(interpreter, hooks, options.get("on_init_kwargs"))
        places["hooks"] = next(iter(hooks.values())).span
    return Config(**fields, places=places)


def _known(setting: Setting, name: str) -> Any:
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


def _wrong(setting: Setting, name: str, takes: str) -> Fault:
    return Fault(Diagnostic("PC0502", f"`{name}` takes {takes}, not {describe(setting.value)}", setting.span))


def _flag(setting: Setting, name: str) -> bool:
    value = _known(setting, name)
    if not isinstance(value, bool):
        raise _wrong(setting, name, "`True` or `False`")
    return value


def _label(setting: Setting, name: str) -> Json:
    """A word that is only recorded. What the active stack would name (`Client().active_stack…`) is "the stack's own"."""
    value = setting.value
    if isinstance(value, Unknown) and name in _STACK_NAMES:
        return True
    value = _known(setting, name)
    return plain(value, setting.span)


def _timeout(setting: Setting, name: str) -> float:
    value = _known(setting, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise _wrong(setting, name, "a number of seconds above 0")
    return float(value)


def _parallelism(setting: Setting, name: str) -> int:
    value = _known(setting, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(setting, name, "a whole number above 0")
    return value


def _environment(setting: Setting, name: str) -> dict[str, str | Lazy]:
    if isinstance(setting.value, Unknown):
        raise Fault(setting.value.diagnostic)
    if not isinstance(setting.value, dict):
        raise _wrong(setting, name, "a dict of variables")
    return {str(key): _variable(str(key), value, setting) for key, value in setting.value.items()}


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
    return str(value.value if isinstance(value, EnumMember) else value)


def _secrets(setting: Setting, name: str) -> tuple[str, ...]:
    value = _known(setting, name)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
        raise _wrong(setting, name, "a list of secret names")
    return tuple(dict.fromkeys(value))


def _tags(setting: Setting, name: str) -> tuple[str, ...]:
    if unknown := find_unknown(setting.value):
        raise Fault(unknown.diagnostic)
    if not isinstance(setting.value, list | tuple):
        raise _wrong(setting, name, "a list of tags")
    names = [one.fields.get("name") if isinstance(one, SettingsValue) else one for one in setting.value]
    if not all(isinstance(one, str) for one in names):
        raise _wrong(setting, name, "a list of tags")
    return tuple(dict.fromkeys(str(one) for one in names))


def _retry(setting: Setting, name: str) -> Retry:
    fields = _record(setting, name, "StepRetryConfig")
    backoff = float(fields.get("backoff", 0)) or 1.0
    return Retry(int(fields.get("max_retries", 1)), float(fields.get("delay", 0)), backoff)


def _record(setting: Setting, name: str, kind: str) -> Mapping[str, Any]:
    """The fields of a settings object, or of a dict that is checked as one.

    Raises:
        Fault: it is neither, or has a wrong field.
    """
    value = setting.value
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, dict):
        from pipec.compiler.frontend.calls import Arguments
        from pipec.compiler.frontend.sdk import make_settings

        keywords = {str(key): Setting(part, setting.span) for key, part in value.items()}
        value = make_settings(kind, Arguments([], keywords), setting.span)
        if isinstance(value, Unknown):
            raise Fault(value.diagnostic)
    if not isinstance(value, SettingsValue) or value.kind != kind:
        raise _wrong(setting, name, f"a `{kind}`")
    return value.fields


def _model(setting: Setting, name: str) -> Mapping[str, Json]:
    return {key: plain(value, setting.span) for key, value in _record(setting, name, "Model").items()}


def _extra(setting: Setting, name: str) -> Mapping[str, Json]:
    value = _known(setting, name)
    if not isinstance(value, dict):
        raise _wrong(setting, name, "a dict")
    return {str(key): plain(part, setting.span) for key, part in value.items()}


def _substitutions(setting: Setting, name: str) -> Mapping[str, str]:
    value = _known(setting, name)
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in [*value, *value.values()]):
        raise _wrong(setting, name, "a dict of text")
    return dict(value)


def _execution_mode(setting: Setting, name: str) -> ExecutionMode:
    value = _known(setting, name)
    for mode in get_args(ExecutionMode):
        if value == mode:
            found: ExecutionMode = mode
            return found
    raise _wrong(setting, name, " or ".join(f"`{mode}`" for mode in get_args(ExecutionMode)))


def _cache_policy(setting: Setting, name: str) -> CachePolicy:
    value = setting.value
    if value == "default":
        return CachePolicy()
    fields = dict(_record(setting, name, "CachePolicy"))
    expires = fields.get("expires_after")
    if expires is None and fields.get("max_age_days") is not None:
        expires = float(fields["max_age_days"]) * 86400
    ignored = [*(fields.get("ignored_inputs") or ()), *(fields.get("ignore_fields") or ())]
    flags = {key: value for key, value in fields.items() if key.startswith("include_") and value is not None}
    return CachePolicy(
        **flags,
        ignored_inputs=tuple(dict.fromkeys(ignored)),
        file_dependencies=tuple(fields.get("file_dependencies") or ()),
        source_dependencies=tuple(_symbol(one, setting) for one in fields.get("source_dependencies") or ()),
        cache_func=None if fields.get("cache_func") is None else _symbol(fields["cache_func"], setting),
        expires_after=None if expires is None else float(expires),
    )


def _symbol(value: Any, setting: Setting) -> str:
    if isinstance(value, FunctionValue) and value.frame is None:
        return f"{value.module.name}:{value.qualified_name}"
    if isinstance(value, str):
        module, _, name = value.rpartition(".")
        return f"{module}:{name}"
    raise Fault(Diagnostic("PC0502", f"{describe(value)} is not a function or its dotted name", setting.span))


def _settings(setting: Setting, fields: dict[str, Any], places: dict[str, Span]) -> None:
    if isinstance(setting.value, Unknown):
        raise Fault(setting.value.diagnostic)
    if not isinstance(setting.value, dict):
        raise _wrong(setting, "settings", "a dict of settings objects by key")
    for key, value in setting.value.items():
        if isinstance(value, Unknown):
            raise Fault(value.diagnostic)
        place = value.span if isinstance(value, SettingsValue) else setting.span
        own = Setting(value, place)
        if key == "docker":
            fields["docker"] = {
                name: plain(one, place) for name, one in _record(own, "docker", "DockerSettings").items()
            }
            places["docker"] = place
        elif key == "resources":
            fields["resources"] = _resources(own)
            places["resources"] = place
        else:
            raw = value.fields if isinstance(value, SettingsValue) else value
            if not isinstance(raw, dict):
                raise _wrong(own, f"settings[{key!r}]", "a settings object or a dict")
            fields.setdefault("settings", {})[str(key)] = {str(name): plain(one, place) for name, one in raw.items()}
            places[f"settings.{key}"] = place


def _resources(setting: Setting) -> Resources:
    fields = dict(_record(setting, "resources", "ResourceSettings"))
    known = {name: fields.pop(name, None) for name in ("cpu_count", "memory", "gpu_count", "gpu_class")}
    left = [name for name, value in fields.items() if value is not None]
    if left:
        listed = ", ".join(f"`{name}`" for name in left)
        message = f"{listed} of `ResourceSettings` {'are' if len(left) > 1 else 'is'} not supported"
        raise Fault(Diagnostic("PC0501", message, setting.span, help="no target has anything like it"))
    cpu = known["cpu_count"]
    return Resources(None if cpu is None else float(cpu), known["memory"], known["gpu_count"], known["gpu_class"])


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
    if isinstance(value, ABSTRACT):
        raise Fault(Diagnostic("PC0204", f"{describe(value)} is not known at compile time", span))
    return to_json(value, span)


def _hooks(interpreter: Interpreter, given: Mapping[str, Setting], init_arguments: Setting | None) -> Hooks:
    hooks = {name: _hook(interpreter, setting, name) for name, setting in given.items()}
    if init_arguments is not None and init_arguments.value and "on_init" in hooks:
        value = _known(init_arguments, "on_init_kwargs")
        arguments = {key: Const(to_json(one, init_arguments.span), _type(one)) for key, one in value.items()}
        hooks["on_init"] = Hook(hooks["on_init"].symbol, hooks["on_init"].closure, arguments)
    return Hooks(**hooks)


def _type(value: Any) -> Any:
    from pipec.compiler.frontend.transport import const_type

    return const_type(value)


def _hook(interpreter: Interpreter, setting: Setting, name: str) -> Hook:
    value = setting.value
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, SdkSymbol):
        module, _, function = value.path.rpartition(".")
        return Hook(f"{module}:{function}", Closure(""), takes_exception="failure" in function)
    if isinstance(value, str):
        value = interpreter.program.function_at(interpreter, value, setting)
    if not isinstance(value, FunctionValue) or value.frame is not None or not hasattr(value.node, "name"):
        help_ = "give a function at the top of a module, or its dotted name"
        raise Fault(Diagnostic("PC0510", f"`{name}` takes a function, not {describe(value)}", setting.span, help=help_))
    arguments = value.node.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    required = [one for one in names if one not in value.defaults]
    bound = 1 if name in {"on_failure", "on_end"} else 0
    if name != "on_init" and len(required) > bound:
        message = f"the hook `{value.qualified_name}` needs {len(required)} arguments; `{name}` is called with {bound}"
        raise Fault(Diagnostic("PC0510", message, setting.span))
    takes_exception = bound == 1 and (bool(names) or arguments.vararg is not None)
    return Hook(f"{value.module.name}:{value.qualified_name}", Closure(""), takes_exception=takes_exception)


_READERS: dict[str, tuple[str, Callable[[Setting, str], Any]]] = {
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
}
