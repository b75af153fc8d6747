"""`settings={"docker": …, "resources": …, "orchestrator": …}`: images, hardware, and what a component is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.placed import entries_of, table_of
from pipec.compiler.frontend.setting_values import plain, record, wrong
from pipec.compiler.frontend.values import Fault, Setting, SettingsValue, Unknown
from pipec.compiler.ir.config import Resources

if TYPE_CHECKING:
    from pipec.compiler.source import Span


COMPONENTS = (
    "orchestrator", "artifact_store", "container_registry", "step_operator", "experiment_tracker", "model_deployer",
    "model_registry", "feature_store", "data_validator", "alerter", "annotator", "image_builder", "code_repository",
    "deployer", "log_store", "sandbox", "resource_pool",
)  # fmt: skip
"""ZenML's kinds of stack components."""

_FLAVORS = {
    "orchestrator.kubernetes": "KubernetesOrchestratorSettings",
    "orchestrator.kubeflow": "KubeflowOrchestratorSettings",
    "orchestrator.airflow": "AirflowOrchestratorSettings",
    "deployment": "DeploymentSettings",
}


def read_settings(setting: Setting, fields: dict[str, Any], places: dict[str, Span]) -> None:
    """Reads `settings=` into the fields `docker`, `resources` and `settings` of a `Config`.

    Raises:
        Fault: a key means nothing, or what stands there is not of its kind.
    """
    if isinstance(setting.value, Unknown):
        raise Fault(setting.value.diagnostic)
    if not isinstance(setting.value, dict):
        raise wrong(setting, "settings", "a dict of settings objects by key")
    for key, entry in entries_of(setting.value, setting.span).items():
        value = entry.value
        if isinstance(value, Unknown):
            raise Fault(value.diagnostic)
        check_key(key, entry)
        place = value.span if isinstance(value, SettingsValue) else entry.span
        own = Setting(value, place, entry.keyword)
        if key == "docker":
            read = record(own, "docker", "DockerSettings").fields.items()
            fields["docker"] = {name: plain(one, place) for name, one in read}
            places["docker"] = place
        elif key == "resources":
            fields["resources"], served = _resources(own)
            if served:  # the target says that nothing is served there
                fields.setdefault("settings", {})["deployment.resources"] = served
                places["settings.deployment.resources"] = place
            places["resources"] = place
        else:
            fields.setdefault("settings", {})[key] = _component(key, own)
            places[f"settings.{key}"] = place


_KEYS = ("docker", "resources", "deployment", *COMPONENTS)


def is_settings_key(key: str) -> bool:
    """Whether a key of `settings=` means something: ZenML's are `docker`, a component, `component.flavor`."""
    return re.split(r"[.:]", key, maxsplit=1)[0] in _KEYS


def check_key(key: str, entry: Setting) -> None:
    """Refuses a key of `settings=` that means nothing.

    Raises:
        Fault: with near names.
    """
    if not is_settings_key(key):
        raise Fault(unknown_settings_key(key, entry)[0])


def unknown_settings_key(key: str, entry: Setting) -> tuple[Diagnostic, bool]:
    """The fault of a key of `settings=` that means nothing, and whether it looks like one that does."""
    from pipec.compiler.diagnostics.near import near_names

    near = near_names(key, [*_KEYS, *_FLAVORS])
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    help_ = help_ or "it takes `docker`, `resources`, and kinds of components such as `orchestrator.kubernetes`"
    return Diagnostic("PC0501", f"`settings` has no key `{key}`", entry.name_span, help=help_), bool(near)


def _component(key: str, setting: Setting) -> dict[str, Any]:
    value = setting.value
    more: dict[str, Any] = {}
    if isinstance(value, dict) and key in _FLAVORS:
        known, more = _split(value, _FLAVORS[key], setting)
        value = record(known, f"settings[{key!r}]", _FLAVORS[key])
    elif isinstance(value, dict):
        _check_spelling(key, value, setting)
    fields = value.fields if isinstance(value, SettingsValue) else value
    if not isinstance(fields, dict):
        raise wrong(setting, f"settings[{key!r}]", "a settings object or a dict")
    return {str(name): plain(one, setting.span) for name, one in [*fields.items(), *more.items()]}


def _split(value: dict[Any, Any], kind: str, setting: Setting) -> tuple[Setting, dict[str, Any]]:
    """The fields of a table that its class knows, or that look like one of them; and the others, which are taken as they are.

    ZenML takes them with a warning, since a flavor may be newer than what is known here; the target says what it does
    with them.
    """
    import importlib

    from pipec.compiler.diagnostics.near import near_names

    module = importlib.import_module("pipec.sdk.settings").MODULES[kind]
    cls = getattr(importlib.import_module(f"pipec.sdk.settings.{module}"), kind)
    known = {*cls._fields, *cls.ALIASES, *cls.REMOVED}
    entries = entries_of(value, setting.span)
    strange = {name for name in entries if name not in known and not near_names(name, known)}
    rest = table_of({name: one for name, one in entries.items() if name not in strange})
    return Setting(rest, setting.span, setting.keyword), {name: entries[name].value for name in sorted(strange)}


def _check_spelling(key: str, value: dict[Any, Any], setting: Setting) -> None:
    """A field of a flavor that is not known here is taken, unless it is certainly a known one misspelled."""
    if key != "orchestrator":
        return
    import importlib

    from pipec.compiler.diagnostics.near import near_names

    modules = importlib.import_module("pipec.sdk.settings").MODULES
    known: set[str] = set()
    for kind in (one for name, one in _FLAVORS.items() if name.startswith("orchestrator.")):
        cls = getattr(importlib.import_module(f"pipec.sdk.settings.{modules[kind]}"), kind)
        known |= {*cls._fields, *cls.ALIASES, *cls.REMOVED}
    for name, entry in entries_of(value, setting.span).items():
        near = near_names(name, known)
        if name not in known and near:
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
            message = f"`orchestrator` settings have no field `{name}`"
            raise Fault(Diagnostic("PC0501", message, entry.name_span, help=help_))


_SERVED = ("min_replicas", "max_replicas", "autoscaling_metric", "autoscaling_target", "max_concurrency")
"""What ZenML reads of `ResourceSettings` only where a pipeline is deployed as a service."""


def _resources(setting: Setting) -> tuple[Resources, dict[str, Any]]:
    """What a step may use, and what is only for a pipeline that is deployed as a service."""
    fields = dict(record(setting, "resources", "ResourceSettings").fields)
    known = {name: fields.pop(name, None) for name in ("cpu_count", "memory", "gpu_count", "gpu_class")}
    served = {name: plain(fields.pop(name), setting.span) for name in _SERVED if fields.get(name) is not None}
    left = [name for name, value in fields.items() if value is not None]
    if left:
        listed = ", ".join(f"`{name}`" for name in left)
        message = f"{listed} of `ResourceSettings` {'are' if len(left) > 1 else 'is'} not supported"
        raise Fault(Diagnostic("PC0501", message, setting.span, help="no target has anything like it"))
    cpu = known["cpu_count"]
    found = Resources(None if cpu is None else float(cpu), known["memory"], known["gpu_count"], known["gpu_class"])
    return found, served
