"""Keywords of `@step` and `@pipeline`, of `with_options` and `configure`: one table for the call and its checks.

Everything may be None, which means the default. Entries marked (pipec) are not ZenML's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from pipec.sdk._convert import Fields, HeartbeatMinutes, PositiveFloat, PositiveInt, Spelling
    from pipec.sdk.enums import ExecutionMode, StepRuntime, StepType
    from pipec.sdk.materializers import BaseMaterializer
    from pipec.sdk.settings.artifacts import Tag
    from pipec.sdk.settings.base import BaseSettings
    from pipec.sdk.settings.model import Model
    from pipec.sdk.settings.policies import CachePolicy, StepRetryConfig
    from pipec.sdk.settings.run import GroupInfo, StepConfigurationUpdate
    from pipec.sdk.settings.schedule import Schedule

    Hook: TypeAlias = str | Callable[..., Any]
    """A function at the top of a module, or its dotted name."""
    Materializer: TypeAlias = str | type[BaseMaterializer]
    Materializers: TypeAlias = (
        Materializer | Sequence[Materializer] | Mapping[str, Materializer] | Mapping[str, Sequence[Materializer]]
    )
    Settings: TypeAlias = Mapping[str, BaseSettings | Mapping[str, Any]]
    Tags: TypeAlias = Sequence[str | Tag]
    Secrets: TypeAlias = Sequence[str]
    Environment: TypeAlias = Mapping[str, Any]
    Strings: TypeAlias = Mapping[str, str]
    Steps: TypeAlias = Sequence[Any]
    StepUpdates: TypeAlias = Mapping[str, StepConfigurationUpdate | Mapping[str, Any]]


class _Shared(TypedDict, total=False):
    """Keywords of both decorators.

    enable_cache: reuse results; of a step over that of its pipeline; on by default.
    enable_artifact_metadata: record metadata of artifacts.
    enable_step_logs: keep logs.
    environment: environment variables; values become text.
    secrets: names of secrets whose keys become environment variables.
    settings: settings objects by key: `docker`, `resources`, `deployment`, a component's kind, `kind.flavor`.
    extra: free-form; readable while the pipeline is built and while a step runs.
    on_failure: called with the exception, or without arguments.
    on_success: called without arguments.
    on_start: called without arguments.
    on_end: called with the exception or None, or without arguments.
    model: the model that is produced or used.
    retry: how failed steps are tried again.
    substitutions: values of placeholders in names.
    cache_policy: what the cache key holds; `default` or a policy.
    timeout: longest run of one attempt of a step, of a whole run of a pipeline, in seconds (pipec).
    """

    enable_cache: bool | None
    enable_artifact_metadata: bool | None
    enable_step_logs: bool | None
    environment: Environment | None
    secrets: Secrets | None
    settings: Settings | None
    extra: dict[str, Any] | None
    on_failure: Hook | None
    on_success: Hook | None
    on_start: Hook | None
    on_end: Hook | None
    model: Model | None
    retry: StepRetryConfig | Fields | None
    substitutions: Strings | None
    cache_policy: CachePolicy | str | None
    timeout: PositiveFloat | None


class StepOptions(_Shared, total=False):
    """Keywords of `@step`, besides the shared ones.

    name: base of the ids of its calls; by default the function's name.
    step_type: `tool_call`, `llm_call` or `memory_call`; a label.
    enable_artifact_visualization: record visualisations of outputs.
    experiment_tracker: name of a component, True for the stack's own.
    step_operator: name of a component, True for the stack's own.
    output_materializers: what stores the outputs; a dict names outputs.
    runtime: `inline` or `isolated`; steps of dynamic pipelines only.
    heartbeat_healthy_threshold: minutes without a sign of life that are healthy, 10 to 60.
    group: visual group.
    """

    name: str | None
    step_type: StepType | Spelling | None
    enable_artifact_visualization: bool | None
    experiment_tracker: bool | str | None
    step_operator: bool | str | None
    output_materializers: Materializers | None
    runtime: StepRuntime | Spelling | None
    heartbeat_healthy_threshold: HeartbeatMinutes | None
    group: GroupInfo | str | None


class StepChanges(StepOptions, total=False):
    """Keywords of a step's `with_options` and `configure`.

    parameters: values of arguments; an argument of the call wins.
    id: id of the call, as `id=` of the call itself, with which the arguments are not checked (pipec).
    after: what the call waits for, as `after=` of the call itself (pipec).
    merge: dicts are merged with what is there, instead of replacing it.
    """

    parameters: dict[str, Any] | None
    id: str | None
    after: Any
    merge: bool


class PipelineOptions(_Shared, total=False):
    """Keywords of `@pipeline`, besides the shared ones.

    name: name of the pipeline; by default the function's.
    dynamic: read the body as a dynamic pipeline's.
    depends_on: steps that a dynamic pipeline may run.
    enable_heartbeat: steps send signs of life.
    enable_pipeline_logs: keep logs of the run.
    tags: tags of runs.
    on_pause: called without arguments.
    on_resume: called without arguments.
    on_init: called with `on_init_kwargs` before everything; its result is the pipeline state.
    on_init_kwargs: its arguments.
    on_cleanup: called without arguments after everything.
    execution_mode: what happens to other steps after a failure.
    max_parallelism: most steps at a time (pipec).
    """

    name: str | None
    dynamic: bool | None
    depends_on: Steps | None
    enable_heartbeat: bool | None
    enable_pipeline_logs: bool | None
    tags: Tags | None
    on_pause: Hook | None
    on_resume: Hook | None
    on_init: Hook | None
    on_init_kwargs: dict[str, Any] | None
    on_cleanup: Hook | None
    execution_mode: ExecutionMode | Spelling | None
    max_parallelism: PositiveInt | None


class PipelineChanges(PipelineOptions, total=False):
    """Keywords of a pipeline's `configure`, and with the rest those of `with_options`.

    enable_artifact_visualization: record visualisations of outputs.
    parameters: values of arguments.
    merge: dicts are merged with what is there, instead of replacing it.
    """

    enable_artifact_visualization: bool | None
    parameters: dict[str, Any] | None
    merge: bool


class RunOptions(PipelineChanges, total=False):
    """Keywords of a pipeline's `with_options`.

    run_name: name of the run; may hold `{date}`, `{time}` and the keys of `substitutions`.
    schedule: when it runs by itself.
    build: id of an image build.
    step_configurations: configuration per step id.
    steps: the same.
    config_path: path of a run-config YAML.
    unlisted: a server's concern.
    prevent_build_reuse: build images anew.
    """

    run_name: str | None
    schedule: Schedule | None
    build: Any
    step_configurations: StepUpdates | None
    steps: StepUpdates | None
    config_path: str | None
    unlisted: bool
    prevent_build_reuse: bool
    init_hook_source: Hook | None
    init_hook_kwargs: dict[str, Any] | None
    cleanup_hook_source: Hook | None
    failure_hook_source: Hook | None
    success_hook_source: Hook | None
    start_hook_source: Hook | None
    end_hook_source: Hook | None
    pause_hook_source: Hook | None
    resume_hook_source: Hook | None


HOOK_SOURCES = {
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
"""Names that run-configurations have for hooks, and the keywords that they mean."""


def merge_options(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration over configuration: None changes nothing; dicts merge unless `merge=False`; lists replace."""
    is_merged = new.get("merge", True)
    merged = dict(old)
    for key, value in new.items():
        if key == "merge" or value is None:
            continue
        name = HOOK_SOURCES.get(key, key)
        before = merged.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[name] = {**before, **value} if is_merged and both else value  # type: ignore[dict-item]
    return merged


def check_options(owner: str, table: Any, given: Mapping[str, Any]) -> None:
    """Check keywords against a table above.

    Raises:
        TypeError: for an unknown keyword, with near names.
        ValueError: for a value that is not of its type.
    """
    if not given:
        return
    from pipec.sdk._convert import convert, evaluate
    from pipec.sdk._record import refuse_unknown

    known = table.__annotations__
    refuse_unknown(owner, given, known)
    for name, value in given.items():
        annotation = known[name]
        text = getattr(annotation, "__forward_arg__", annotation)
        convert(evaluate(text, {}), value, f"{owner}({name}=…)", text)
