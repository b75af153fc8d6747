"""The configuration of a step call or a pipeline, as merged from decorators, options and run configuration.

Every field is typed; None (or empty) means that nobody set it. What is set knows its place in `places`, so that a
target that cannot honour it can say so at the line (DESIGN: a setting dropped in silence is the one unforgivable result).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Closure
    from pipec.compiler.ir.values import Const, Json, Lazy
    from pipec.compiler.source import Span

ExecutionMode = Literal["continue_on_failure", "stop_on_failure", "fail_fast"]


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempts after the first, and the wait before each.

    Attributes:
        max_retries: how many attempts follow the first, at least 1.
        delay: seconds before the second attempt.
        backoff: factor by which the delay grows after each failure; 1 keeps it (ZenML's 0 is read as 1).
    """

    max_retries: int
    delay: float = 0.0
    backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class Resources:
    """What one step needs.

    Attributes:
        cpu_count: cores, fractions allowed.
        memory: ZenML's notation, `4GB` or `512MiB`.
        gpu_count: whole devices.
        gpu_class: a class of device, if one is asked for.
    """

    cpu_count: float | None = None
    memory: str | None = None
    gpu_count: int | None = None
    gpu_class: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """A user's function called around a step or a run.

    Attributes:
        symbol: `module:name` under which the runtime imports it.
        arguments: keyword arguments (of `on_init`).
        takes_exception: whether it accepts the exception as its first argument.
    """

    symbol: str
    closure: Closure
    arguments: Mapping[str, Const] = field(default_factory=lambda: {})
    takes_exception: bool = False


@dataclass(frozen=True, slots=True)
class Hooks:
    """On a pipeline they are run-level, on a step around that step (DESIGN §4)."""

    on_init: Hook | None = None
    on_start: Hook | None = None
    on_end: Hook | None = None
    on_success: Hook | None = None
    on_failure: Hook | None = None
    on_cleanup: Hook | None = None


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What the cache key covers; ZenML's fields, with the specification's `max_age_days` and `ignore_fields` folded in.

    `expires_after` is in seconds.
    """

    include_step_code: bool = True
    include_step_parameters: bool = True
    include_artifact_values: bool = True
    include_artifact_ids: bool = True
    ignored_inputs: tuple[str, ...] = ()
    file_dependencies: tuple[str, ...] = ()
    source_dependencies: tuple[str, ...] = ()
    cache_func: str | None = None
    expires_after: float | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When runs start by themselves. Times are ISO 8601 with an offset; `interval` is in seconds."""

    span: Span
    name: str | None = None
    cron: str | None = None
    timezone: str = "UTC"
    interval: float | None = None
    start_time: str | None = None
    end_time: str | None = None
    run_once_at: str | None = None
    catchup: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of one call, or of the pipeline as a whole.

    Attributes:
        cache: whether caching is on; None where nobody said.
        timeout: seconds for one attempt of the step, or for the run.
        environment: variables of the step's process; a value is text or a look-up of another variable.
        secrets: names of secrets whose keys become environment variables.
        docker: the merged `DockerSettings` as plain JSON; None where there are none.
        settings: component settings by key (`orchestrator`, `orchestrator.kubernetes`, …) as plain JSON.
        extra: ZenML's free-form `extra`.
        labels: ZenML's remaining decorator words that mean nothing to a target but are recorded (`step_type`, `group`,
            `experiment_tracker`, `step_operator`, `runtime`, …), by their names.
        toggles: `enable_artifact_metadata`, `enable_artifact_visualization`, `enable_step_logs`,
            `enable_pipeline_logs`, `enable_heartbeat`, as far as set.
        max_parallelism: how many steps of the run may be under way at once.
        run_name: what a run is called; may hold `{date}`, `{time}` and the keys of `substitutions`.
        places: for each field that is set, where; keys are field names, or `settings.KEY` and `toggles.KEY`.
    """

    cache: bool | None = None
    cache_policy: CachePolicy | None = None
    retry: Retry | None = None
    timeout: float | None = None
    environment: Mapping[str, str | Lazy] = field(default_factory=lambda: {})
    secrets: tuple[str, ...] = ()
    resources: Resources | None = None
    docker: Mapping[str, Json] | None = None
    settings: Mapping[str, Mapping[str, Json]] = field(default_factory=lambda: {})
    extra: Mapping[str, Json] = field(default_factory=lambda: {})
    tags: tuple[str, ...] = ()
    model: Mapping[str, Json] | None = None
    hooks: Hooks = field(default_factory=Hooks)
    labels: Mapping[str, Json] = field(default_factory=lambda: {})
    toggles: Mapping[str, bool] = field(default_factory=lambda: {})
    substitutions: Mapping[str, str] = field(default_factory=lambda: {})
    execution_mode: ExecutionMode | None = None
    max_parallelism: int | None = None
    run_name: str | None = None
    places: Mapping[str, Span] = field(default_factory=lambda: {})
