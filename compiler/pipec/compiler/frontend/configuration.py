"""Decorator keywords, `with_options` and run configurations as the IR's `Config` (precedence: `docs/reference/configuration.md`).

A later word wins over an earlier one, a step's own over its pipeline's; dicts and settings objects merge key by key; what
only makes sense for a run (tags, schedule, execution mode, run-level hooks) stays with the pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault, PipelineValue, SettingsValue, StepValue
from pipec.compiler.ir.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.run_configuration import Layers, RunConfiguration
    from pipec.compiler.frontend.values import Setting
    from pipec.compiler.source import Span

_INHERITED = frozenset(
    """enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs environment secrets
    settings extra model retry substitutions cache_policy""".split()
)
_HOOK_SOURCES = {
    "init_hook_source": "on_init",
    "init_hook_kwargs": "on_init_kwargs",
    "cleanup_hook_source": "on_cleanup",
    "failure_hook_source": "on_failure",
    "success_hook_source": "on_success",
    "start_hook_source": "on_start",
    "end_hook_source": "on_end",
    "pause_hook_source": "on_pause",
    "resume_hook_source": "on_resume",
}
_ELSEWHERE = frozenset(
    """name id after parameters output_materializers merge dynamic depends_on on_init_kwargs schedule steps
    step_configurations config_path""".split()
)
"""Keywords that are no field of a `Config`: what they mean is read where it is needed."""

_MAY_BE_UNHEARD = frozenset({"run_name", "build", "unlisted", "prevent_build_reuse"})

_TABLES = {
    "step": "StepOptions",
    "step changes": "StepChanges",
    "pipeline": "PipelineOptions",
    "pipeline changes": "RunOptions",
}
_OF_CALLS = frozenset({"id", "after", "parameters", "merge"})
"""What `with_options` may have set on a step beside the keywords of `@step`."""


def check_options(options: Mapping[str, Setting], kind: str) -> None:
    """Refuses a keyword that the decorator or method does not have.

    `kind` is `step` or `pipeline` for the decorator, with ` changes` behind it for `with_options` and `configure`.

    Raises:
        Fault: the first such keyword, with near names.
    """
    if not options:
        return
    import importlib

    table = getattr(importlib.import_module("pipec.sdk.options"), _TABLES[kind])
    known = set(table.__optional_keys__) | set(table.__required_keys__)
    known |= _OF_CALLS if kind == "step" else set()
    for name, setting in options.items():
        if name not in known:
            from pipec.compiler.diagnostics.near import near_names

            near = near_names(name, known)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            owner = f"`@{kind}`" if " " not in kind else "`with_options`"
            raise Fault(Diagnostic("PC0501", f"{owner} has no keyword `{name}`", setting.name_span, help=help_))


def merge_options(old: Mapping[str, Setting], new: Mapping[str, Setting]) -> dict[str, Setting]:
    """Options over options of the same pipeline or step.

    None changes nothing, tags and secrets are joined, tables merge key by key unless `merge=False`, all else replaces.
    """
    merge = new.get("merge")
    is_merged = merge is None or merge.value is not False
    merged = dict(old)
    for given, setting in new.items():
        name = _HOOK_SOURCES.get(given, given)
        if name == "merge" or setting.value is None:
            continue
        merged[name] = _over(merged.get(name) if is_merged else None, name, setting)
    return merged


def _over(before: Setting | None, name: str, setting: Setting) -> Setting:
    if before is None or not _is_table(before.value, setting.value):
        return setting
    from pipec.compiler.frontend.merging_settings import over

    return over(name, before, setting)


def _is_table(before: Any, after: Any) -> bool:
    return isinstance(before, dict | list | tuple | SettingsValue) and isinstance(
        after, dict | list | tuple | SettingsValue
    )


def _inherit(interpreter: Interpreter, own: Mapping[str, Setting]) -> dict[str, Setting]:
    """The options of a step beneath which those of its pipeline lie."""
    merged = {name: one for name, one in interpreter.program.options.items() if name in _INHERITED}
    for name, setting in own.items():
        if setting.value is None:
            continue
        merged[name] = _over(None if name in {"retry", "model"} else merged.get(name), name, setting)
    return merged


_NEEDS_LAYERS = frozenset({"parameters", "schedule", "steps", "step_configurations", "config_path"})


def configure(
    interpreter: Interpreter, pipeline: PipelineValue, layers: Layers | None, driver: Mapping[str, Setting]
) -> tuple[PipelineValue, RunConfiguration | None]:
    """`pipeline` with all that project, driver and run configuration say; in nearly every program that is nothing.

    Raises:
        Fault: a layer cannot be read, or says what no layer may.
    """
    if layers is None and not driver and not _NEEDS_LAYERS & set(pipeline.options):
        return pipeline, None
    from pipec.compiler.frontend.pipeline_calls import pipeline_name
    from pipec.compiler.frontend.run_configuration import Layers, configuration_of

    run = configuration_of(interpreter, pipeline, pipeline_name(pipeline), driver, layers or Layers())
    return PipelineValue(pipeline.definition, run.options, frozenset(run.options)), run


def call_config(interpreter: Interpreter, step: StepValue) -> Config:
    """The merged configuration of one call of `step` in the pipeline that is being compiled."""
    return _read(interpreter, _inherit(interpreter, step.options))


def configured(interpreter: Interpreter, step: StepValue, name: str) -> StepValue:
    """`step` as the run configuration has the call `name`: its run-level switches, then `steps.<name>`."""
    run = interpreter.program.run
    if run is None:
        return step
    options = merge_options(step.options, run.forced)
    own = run.steps.get(name)
    if own is not None:
        options = merge_options(options, own)
    return StepValue(step.definition, options, step.fields)


def pipeline_config(interpreter: Interpreter, options: Mapping[str, Setting]) -> Config:
    """The configuration of the pipeline as a whole."""
    if not _MAY_BE_UNHEARD.isdisjoint(options):
        from pipec.compiler.frontend.unheard import heard

        options = heard(interpreter, options)
    return _read(interpreter, options)


def _read(interpreter: Interpreter, options: Mapping[str, Setting]) -> Config:
    given = {name: one for name, one in options.items() if name not in _ELSEWHERE and one.value is not None}
    if not given and "on_init_kwargs" not in options:
        return Config()
    from pipec.compiler.frontend.hooks import NAMES, NEVER, read_hooks
    from pipec.compiler.frontend.setting_readers import build

    fields: dict[str, Any] = {}
    places: dict[str, Span] = {}
    for name in NEVER & set(given):
        interpreter.report(_never(name, given.pop(name).name_span))
    hooks = {name: given.pop(name) for name in NAMES if name in given}
    build(given, fields, places)
    if hooks or "on_init_kwargs" in options:
        fields["hooks"] = read_hooks(interpreter, hooks, options.get("on_init_kwargs"))
        places["hooks"] = next(iter([*hooks.values(), *options.values()])).span
    return Config(**fields, places=places)


def _never(name: str, span: Span) -> Diagnostic:
    message = f"the hook `{name}` is never called: no run pauses"
    return Diagnostic("PC0515", message, span, severity=Severity.WARNING, help="leave it out")
