"""Configuration of a run in one object; the keys of a run-config YAML."""

from __future__ import annotations

from collections.abc import KeysView
from typing import Any

from pipec.sdk._convert import HeartbeatMinutes, Spelling
from pipec.sdk._record import Record
from pipec.sdk.enums import ExecutionMode, GroupType, StepRuntime
from pipec.sdk.settings.artifacts import Tag
from pipec.sdk.settings.base import BaseSettings
from pipec.sdk.settings.model import Model
from pipec.sdk.settings.policies import CachePolicy, StepRetryConfig
from pipec.sdk.settings.schedule import Schedule


class GroupInfo(Record):
    """A visual group of steps.

    Attributes:
        id: its identity.
        name: its title.
        type: how its steps came together.
    """

    id: str
    name: str | None = None
    type: GroupType | Spelling = GroupType.MANUAL


class StepConfigurationUpdate(Record):
    """Configuration of one step of a run; fields mean what the keywords of `@step` mean.

    Attributes:
        parameters: values of the step's arguments.
        heartbeat_healthy_threshold: minutes without a sign of life that are healthy, 10 to 60.
        outputs: per output `{"materializer_source": …}`.
    """

    enable_cache: bool | None = None
    enable_artifact_metadata: bool | None = None
    enable_artifact_visualization: bool | None = None
    enable_step_logs: bool | None = None
    step_operator: bool | str | None = None
    experiment_tracker: bool | str | None = None
    parameters: dict[str, Any] | None = None
    settings: dict[str, BaseSettings | dict[str, Any]] | None = None
    environment: dict[str, Any] | None = None
    secrets: list[str] | None = None
    extra: dict[str, Any] | None = None
    failure_hook_source: str | None = None
    success_hook_source: str | None = None
    start_hook_source: str | None = None
    end_hook_source: str | None = None
    model: Model | None = None
    retry: StepRetryConfig | None = None
    substitutions: dict[str, str] | None = None
    cache_policy: CachePolicy | str | None = None
    runtime: StepRuntime | Spelling | None = None
    heartbeat_healthy_threshold: HeartbeatMinutes = 30
    group: GroupInfo | str | None = None
    outputs: dict[str, dict[str, Any]] = {}
    timeout: float | None = None


class PipelineRunConfiguration(Record):
    """Configuration of a run. Fields mean what the keywords of `@pipeline` and `with_options` mean.

    `pipeline.with_options(**configuration)` takes what was given.

    Attributes:
        run_name: name of the run; may hold `{date}`, `{time}` and the keys of `substitutions`.
        build: id of an image build to use.
        steps: configuration per step id.
        parameters: values of the pipeline's arguments.
        timeout: longest run, in seconds (pipec's own).
        max_parallelism: most steps at a time (pipec's own).
    """

    run_name: str | None = None
    enable_cache: bool | None = None
    enable_artifact_metadata: bool | None = None
    enable_artifact_visualization: bool | None = None
    enable_step_logs: bool | None = None
    enable_pipeline_logs: bool | None = None
    enable_heartbeat: bool | None = None
    schedule: Schedule | None = None
    build: Any = None
    steps: dict[str, StepConfigurationUpdate | dict[str, Any]] | None = None
    settings: dict[str, BaseSettings | dict[str, Any]] | None = None
    environment: dict[str, Any] | None = None
    secrets: list[str] | None = None
    tags: list[str | Tag] | None = None
    extra: dict[str, Any] | None = None
    model: Model | None = None
    parameters: dict[str, Any] | None = None
    retry: StepRetryConfig | None = None
    init_hook_source: str | None = None
    init_hook_kwargs: dict[str, Any] | None = None
    cleanup_hook_source: str | None = None
    failure_hook_source: str | None = None
    success_hook_source: str | None = None
    start_hook_source: str | None = None
    end_hook_source: str | None = None
    pause_hook_source: str | None = None
    resume_hook_source: str | None = None
    substitutions: dict[str, str] | None = None
    cache_policy: CachePolicy | str | None = None
    execution_mode: ExecutionMode | Spelling | None = None
    timeout: float | None = None
    max_parallelism: int | None = None

    def keys(self) -> KeysView[str]:
        """Names of the fields that were given."""
        return {name: None for name in self._fields if name in self.model_fields_set}.keys()

    def __getitem__(self, name: str) -> Any:
        """The value of a field."""
        return getattr(self, name)
