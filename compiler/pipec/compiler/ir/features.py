"""What a pipeline asks of a target, feature by feature: the rows of every capability ledger.

`features_of` walks a pipeline and names each feature that it uses, with the place that asks for it. The driver compares
them with the ledger of the chosen backend before anything is emitted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipec.compiler.ir.config import Hooks, Resources, Retry
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import is_number_like, is_optional, members
from pipec.compiler.ir.values import DictOf, Expr, Lazy, ListOf, Output, RunFact
from pipec.compiler.ir.walk import leaves, operands, operations, results_of, values_of
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.ir.config import Config, Schedule
    from pipec.compiler.ir.model import Operation, Parameter, Pipeline
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


class Feature(StrEnum):
    """One thing that a program may use and a target may lack. The value is what people read."""

    PARAMETERS = "run parameters"
    OPTIONAL_PARAMETERS = "parameters that may be None"
    STRUCTURED_PARAMETERS = "list and dict parameters"
    REQUIRED_PARAMETERS = "parameters without a default"
    PARAMETER_OUTPUTS = "small results between steps"
    ARTIFACT_OUTPUTS = "artifacts between steps"
    MULTIPLE_OUTPUTS = "several outputs of a step"
    PIPELINE_OUTPUTS = "pipeline outputs"
    FAN_IN = "lists and dicts of results"
    EXPRESSIONS = "computed arguments"
    ORDER = "explicit order (`after`)"
    GROUPS = "nested pipelines"
    CONDITIONS = "run-time conditions"
    LOOPS = "run-time loops"
    LOOP_PARALLELISM = "bounded loop parallelism"
    LAZY_INPUTS = "look-ups when a step starts"
    RUN_FACTS = "facts of the run"
    RETRIES = "retries"
    RETRY_DELAY = "retry delay"
    RETRY_BACKOFF = "retry back-off"
    STEP_TIMEOUT = "step time-out"
    RUN_TIMEOUT = "run time-out"
    CPU = "CPU requests"
    MEMORY = "memory requests"
    GPU = "GPU requests"
    ENVIRONMENT = "environment variables"
    SECRETS = "secrets"
    SCHEDULE_CRON = "cron schedule"
    SCHEDULE_INTERVAL = "interval schedule"
    SCHEDULE_ONCE = "run-once schedule"
    SCHEDULE_WINDOW = "schedule start and end"
    SCHEDULE_CATCHUP = "catch-up"
    CACHING = "caching"
    CACHE_POLICY = "cache policies"
    RUN_HOOKS = "run-level hooks"
    STEP_HOOKS = "step-level hooks"
    TAGS = "tags"
    MODEL = "model"
    EXTRA = "extra"
    DOCS = "docstrings"
    STOP_ON_FAILURE = "execution mode `stop_on_failure`"
    FAIL_FAST = "execution mode `fail_fast`"
    MAX_PARALLELISM = "bounded parallelism of a run"
    DOCKER_SETTINGS = "Docker settings"
    COMPONENT_SETTINGS = "component settings"
    TOGGLES = "tracking toggles"
    MATERIALIZERS = "custom materializers"
    SUBSTITUTIONS = "name substitutions"
    RUN_NAME = "name of the run"
    LABELS = "tracker, operator and grouping words"


def features_of(pipeline: Pipeline) -> dict[Feature, Span]:
    """Each feature that the pipeline uses, with the first place that asks for it, in order of being found."""
    found = _Found({}, pipeline)
    found.pipeline_level()
    for operation in operations(pipeline.body):
        found.operation(operation)
    return found.features


@dataclass(frozen=True, slots=True)
class _Found:
    """What is found so far. The first place of a feature stays."""

    features: dict[Feature, Span]
    pipeline: Pipeline

    def add(self, feature: Feature, span: Span, is_used: bool = True) -> None:
        if is_used:
            self.features.setdefault(feature, span)

    def pipeline_level(self) -> None:
        pipeline = self.pipeline
        for parameter in pipeline.parameters:
            self.parameter(parameter)
        self.add(Feature.DOCS, pipeline.span, bool(pipeline.doc))
        self.add(
            Feature.RUN_TIMEOUT, _place(pipeline.config, "timeout", pipeline.span), pipeline.config.timeout is not None
        )
        self.add(Feature.RUN_HOOKS, _place(pipeline.config, "hooks", pipeline.span), pipeline.config.hooks != _NO_HOOKS)
        self.config(pipeline.config, pipeline.span)
        if pipeline.schedule is not None:
            self.schedule(pipeline.schedule)
        for output in pipeline.outputs:
            self.add(Feature.PIPELINE_OUTPUTS, pipeline.span)
            self.value(output.value, pipeline.span)
        for step in pipeline.steps.values():
            self.add(Feature.MULTIPLE_OUTPUTS, step.span, len(step.outputs) > 1)
            self.add(Feature.DOCS, step.span, bool(step.doc))
            self.add(Feature.MATERIALIZERS, step.span, any(output.materializer for output in step.outputs))

    def parameter(self, parameter: Parameter) -> None:
        span, type_ = parameter.span, parameter.type
        self.add(Feature.PARAMETERS, span)
        self.add(Feature.REQUIRED_PARAMETERS, span, parameter.default is None)
        self.add(Feature.OPTIONAL_PARAMETERS, span, is_optional(type_))
        self.add(Feature.STRUCTURED_PARAMETERS, span, any(member.name in _STRUCTURED for member in members(type_)))
        self.add(Feature.DOCS, span, bool(parameter.doc))

    def schedule(self, schedule: Schedule) -> None:
        span = schedule.span
        self.add(Feature.SCHEDULE_CRON, span, schedule.cron is not None)
        self.add(Feature.SCHEDULE_INTERVAL, span, schedule.interval is not None)
        self.add(Feature.SCHEDULE_ONCE, span, schedule.run_once_at is not None)
        self.add(Feature.SCHEDULE_WINDOW, span, schedule.start_time is not None or schedule.end_time is not None)
        self.add(Feature.SCHEDULE_CATCHUP, span, schedule.catchup)

    def operation(self, operation: Operation) -> None:
        span = operation.span
        self.add(Feature.ORDER, span, bool(operation.after))
        match operation:
            case Call(config=config):
                self.add(Feature.STEP_TIMEOUT, _place(config, "timeout", span), config.timeout is not None)
                self.add(Feature.STEP_HOOKS, _place(config, "hooks", span), config.hooks != _NO_HOOKS)
                self.config(config, span)
                for value in operation.arguments.values():
                    self.value(value, span)
            case If():
                self.add(Feature.CONDITIONS, span)
                for value in values_of(operation):
                    self.leaves(value, span)
            case ForEach(max_parallelism=bound):
                self.add(Feature.LOOPS, span)
                self.add(Feature.LOOP_PARALLELISM, span, bound is not None)
                self.value(operation.items, span)
            case Group():
                self.add(Feature.GROUPS, span)
        for value in results_of(operation):
            self.value(value, span)

    def value(self, value: Value, span: Span) -> None:
        """A value that travels: how it is put together counts, and its leaves."""
        pending = [value]
        while pending:
            top = pending.pop()
            self.add(Feature.EXPRESSIONS, span, isinstance(top, Expr))
            if isinstance(top, ListOf | DictOf):
                self.add(Feature.FAN_IN, span, any(isinstance(leaf, Output) for leaf in leaves(top)))
            pending.extend(reversed(operands(top)))
        self.leaves(value, span)

    def leaves(self, value: Value, span: Span) -> None:
        for leaf in leaves(value):
            match leaf:
                case Lazy():
                    self.add(Feature.LAZY_INPUTS, span)
                case RunFact():
                    self.add(Feature.RUN_FACTS, span)
                case Output(type=type_):
                    feature = Feature.PARAMETER_OUTPUTS if is_number_like(type_) else Feature.ARTIFACT_OUTPUTS
                    self.add(feature, span)
                case _:
                    pass

    def config(self, config: Config, span: Span) -> None:
        """What means the same on a call and on the pipeline."""
        for feature, name, is_used in _config_features(config):
            self.add(feature, _place(config, name, span), is_used)
        for table, feature in (("settings", Feature.COMPONENT_SETTINGS), ("toggles", Feature.TOGGLES)):
            for key in config.settings if table == "settings" else config.toggles:
                self.add(feature, _place(config, f"{table}.{key}", _place(config, table, span)))


def _place(config: Config, name: str, otherwise: Span) -> Span:
    return config.places.get(name, otherwise)


def _config_features(config: Config) -> tuple[tuple[Feature, str, bool], ...]:
    """Feature, field, and whether it is asked for."""
    retry, resources = config.retry or _NO_RETRY, config.resources or _NO_RESOURCES
    return (
        (Feature.RETRIES, "retry", retry.max_retries > 0),
        (Feature.RETRY_DELAY, "retry", retry.max_retries > 0 and retry.delay > 0),
        (Feature.RETRY_BACKOFF, "retry", retry.max_retries > 0 and retry.backoff != 1),
        (Feature.CPU, "resources", resources.cpu_count is not None),
        (Feature.MEMORY, "resources", resources.memory is not None),
        (Feature.GPU, "resources", bool(resources.gpu_count) or resources.gpu_class is not None),
        (Feature.ENVIRONMENT, "environment", bool(config.environment)),
        (Feature.SECRETS, "secrets", bool(config.secrets)),
        # Not to cache is what a target does that cannot: only asking for the cache asks for something.
        (Feature.CACHING, "cache", config.cache is True),
        (Feature.CACHE_POLICY, "cache_policy", config.cache_policy is not None),
        (Feature.TAGS, "tags", bool(config.tags)),
        (Feature.MODEL, "model", config.model is not None),
        (Feature.EXTRA, "extra", bool(config.extra)),
        (Feature.STOP_ON_FAILURE, "execution_mode", config.execution_mode == "stop_on_failure"),
        (Feature.FAIL_FAST, "execution_mode", config.execution_mode == "fail_fast"),
        (Feature.MAX_PARALLELISM, "max_parallelism", config.max_parallelism is not None),
        (Feature.DOCKER_SETTINGS, "docker", config.docker is not None),
        (Feature.SUBSTITUTIONS, "substitutions", bool(config.substitutions)),
        (Feature.RUN_NAME, "run_name", config.run_name is not None),
        (Feature.LABELS, "labels", bool(config.labels)),
    )


_STRUCTURED = {"list", "dict", "tuple", "set"}
_NO_HOOKS = Hooks()
_NO_RETRY = Retry(0)
_NO_RESOURCES = Resources()
