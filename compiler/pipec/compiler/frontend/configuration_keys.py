"""Which keys a run configuration has, and what is done with others.

A key that looks like a known one is certainly misspelled: an error. Any other has no effect, as mostly in ZenML, which a
warning says. In `[tool.pipec]`, which is pipec's own, each is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.frontend.component_settings import is_settings_key, unknown_settings_key
from pipec.compiler.frontend.placed import entries_of, table_of
from pipec.compiler.frontend.values import Fault, Setting
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipec.compiler.source import Span

KEYS = frozenset(
    """run_name enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs
    enable_pipeline_logs enable_heartbeat schedule build steps settings environment secrets tags extra model parameters
    retry init_hook_source init_hook_kwargs cleanup_hook_source failure_hook_source success_hook_source
    start_hook_source end_hook_source pause_hook_source resume_hook_source substitutions cache_policy execution_mode
    timeout max_parallelism on_init on_init_kwargs on_cleanup on_failure on_success on_start on_end on_pause
    on_resume""".split()
)
"""ZenML's keys, its hooks in both spellings, and pipec's own `timeout` and `max_parallelism`."""

OF_STEPS = frozenset(
    """enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs step_operator
    experiment_tracker parameters settings environment secrets extra model retry substitutions cache_policy runtime
    heartbeat_healthy_threshold group outputs timeout failure_hook_source success_hook_source start_hook_source
    end_hook_source on_failure on_success on_start on_end""".split()
)
"""The keys under `steps.<id>`."""

OF_OUTPUTS = frozenset({"materializer_source"})
_OBJECTS = {
    "model": "Model",
    "retry": "StepRetryConfig",
    "schedule": "Schedule",
    "cache_policy": "CachePolicy",
}
_OBJECTS_OF_SETTINGS = {"docker": "DockerSettings", "resources": "ResourceSettings", "deployment": "DeploymentSettings"}
_NO_EFFECT = "it has no effect"
_PROJECT_FILE = "pyproject.toml"


def unknown_key(owner: str, key: str, known: Iterable[str], setting: Setting) -> Diagnostic:
    """The fault of a key that a run configuration does not have there; it has help where something looks like it."""
    near = near_names(key, known)
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    message = f"`{owner}` has no key `{key}`" if owner else f"a run configuration has no key `{key}`"
    return Diagnostic("PC0501", message, setting.name_span, help=help_)


def is_of_project(place: Span | None) -> bool:
    """Whether something is said in `[tool.pipec]`."""
    return place is not None and place.path == _PROJECT_FILE


def is_misspelled(name: str, known: Iterable[str], place: Span | None) -> bool:
    """Whether the unknown name of a parameter is an error.

    It is one anywhere but in a file of a run configuration, and there if it looks like a known one.
    """
    is_in_file = place is not None and not place.path.endswith(".py") and not is_of_project(place)
    return not is_in_file or bool(near_names(name, known))


def known_keys(options: dict[str, Setting], ignored: list[Diagnostic]) -> dict[str, Setting]:
    """The entries of a run configuration whose keys mean something, at every depth where keys are known.

    `ignored` takes a warning for each other one.

    Raises:
        Fault: a key is misspelled.
    """
    kept = _objects(_kept("", options, KEYS, ignored), _OBJECTS, ignored)
    if "settings" in kept:
        kept["settings"] = _settings(kept["settings"], ignored)
    if "steps" in kept and isinstance(kept["steps"].value, dict):
        steps = entries_of(kept["steps"].value, kept["steps"].span)
        kept["steps"] = _again(kept["steps"], {name: _step(name, one, ignored) for name, one in steps.items()})
    return kept


def _step(name: str, step: Setting, ignored: list[Diagnostic]) -> Setting:
    if not isinstance(step.value, dict):
        return step
    kept = _objects(_kept(f"steps.{name}", entries_of(step.value, step.span), OF_STEPS, ignored), _OBJECTS, ignored)
    if "settings" in kept:
        kept["settings"] = _settings(kept["settings"], ignored)
    if "outputs" in kept and isinstance(kept["outputs"].value, dict):
        outputs = entries_of(kept["outputs"].value, kept["outputs"].span)
        kept["outputs"] = _again(
            kept["outputs"],
            {
                output: _again(one, _kept(f"outputs.{output}", entries_of(one.value, one.span), OF_OUTPUTS, ignored))
                if isinstance(one.value, dict)
                else one
                for output, one in outputs.items()
            },
        )
    return _again(step, kept)


def _settings(setting: Setting, ignored: list[Diagnostic]) -> Setting:
    if not isinstance(setting.value, dict):
        return setting
    kept: dict[str, Setting] = {}
    for key, entry in entries_of(setting.value, setting.span).items():
        if is_settings_key(key):
            kept[key] = entry
        else:
            fault, is_near = unknown_settings_key(key, entry)
            _refuse_or_ignore(fault, is_near, ignored, _NO_EFFECT)  # ZenML refuses it
    return _again(setting, _objects(kept, _OBJECTS_OF_SETTINGS, ignored))


def _objects(kept: dict[str, Setting], kinds: Mapping[str, str], ignored: list[Diagnostic]) -> dict[str, Setting]:
    """The entries, those that are tables of an object's fields without the fields that its class does not have."""
    from pipec.compiler.frontend.sdk import heard_fields

    for key, kind in kinds.items():
        setting = kept.get(key)
        if setting is not None and isinstance(setting.value, dict):
            fields, unheard = heard_fields(kind, entries_of(setting.value, setting.span))
            ignored += unheard
            kept[key] = _again(setting, fields)
    return kept


def _kept(
    owner: str, entries: dict[str, Setting], known: frozenset[str], ignored: list[Diagnostic]
) -> dict[str, Setting]:
    for key, setting in entries.items():
        if key not in known:
            fault = unknown_key(owner, key, known, setting)
            _refuse_or_ignore(fault, bool(fault.help), ignored, f"{_NO_EFFECT}, in ZenML neither")
    return {key: one for key, one in entries.items() if key in known}


def _refuse_or_ignore(fault: Diagnostic, is_near: bool, ignored: list[Diagnostic], note: str) -> None:
    if is_near:
        raise Fault(fault)
    ignored.append(replace(fault, severity=Severity.WARNING, notes=(note,)))


def _again(setting: Setting, entries: dict[str, Setting]) -> Setting:
    return Setting(table_of(entries), setting.span, setting.keyword)
