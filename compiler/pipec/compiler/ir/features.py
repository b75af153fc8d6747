"""What a pipeline asks of a target, feature by feature: the rows of every capability ledger.

`features_of` walks a pipeline and names each feature that it uses, with the place that asks for it. The driver compares
them with the ledger of the chosen backend before anything is emitted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import is_optional, members
from pipec.compiler.ir.values import DictOf, Expr, Lazy, ListOf, RunFact
from pipec.compiler.ir.walk import operands, operations

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
    LABELS = "tracker, operator and grouping words"


def features_of(pipeline: Pipeline) -> dict[Feature, Span]:
    """The features that `pipeline` uses, each with the first place that asks for it."""
    found: dict[Feature, Span] = {}
    for parameter in pipeline.parameters:
        _parameter(parameter, found)
    if pipeline.outputs:
        found[Feature.PIPELINE_OUTPUTS] = pipeline.span
    for operation in operations(pipeline.body):
        _operation(operation, pipeline, found)
    if pipeline.doc:
        found.setdefault(Feature.DOCS, pipeline.span)
    _config(pipeline.config, pipeline.span, found, is_run=True)
    if pipeline.schedule is not None:
        _schedule(pipeline.schedule, found)
    return found


def _parameter(parameter: Parameter, found: dict[Feature, Span]) -> None:
    found.setdefault(Feature.PARAMETERS, parameter.span)
    if parameter.default is None:
        found.setdefault(Feature.REQUIRED_PARAMETERS, parameter.span)
    if is_optional(parameter.type) or (parameter.default is not None and parameter.default.value is None):
        found.setdefault(Feature.OPTIONAL_PARAMETERS, parameter.span)
    if any(member.name in {"list", "dict", "tuple", "set"} for member in members(parameter.type)):
        found.setdefault(Feature.STRUCTURED_PARAMETERS, parameter.span)


def _operation(operation: Operation, pipeline: Pipeline, found: dict[Feature, Span]) -> None:
    span = operation.span
    if operation.after:
        found.setdefault(Feature.ORDER, span)
    match operation:
        case Call():
            _call(operation, pipeline, found)
        case If():
            found.setdefault(Feature.CONDITIONS, span)
        case ForEach(max_parallelism=limit):
            found.setdefault(Feature.LOOPS, span)
            if limit is not None:
                found.setdefault(Feature.LOOP_PARALLELISM, span)
        case Group():
            found.setdefault(Feature.GROUPS, span)


def _call(call: Call, pipeline: Pipeline, found: dict[Feature, Span]) -> None:
    step = pipeline.steps[call.step]
    for output in step.outputs:
        kind = Feature.PARAMETER_OUTPUTS if output.carrier == "parameter" else Feature.ARTIFACT_OUTPUTS
        found.setdefault(kind, call.span)
        if output.materializer is not None:
            found.setdefault(Feature.MATERIALIZERS, call.span)
    if len(step.outputs) > 1:
        found.setdefault(Feature.MULTIPLE_OUTPUTS, call.span)
    if step.doc:
        found.setdefault(Feature.DOCS, step.span)
    for value in call.arguments.values():
        _value(value, call.span, found)
    _config(call.config, call.span, found, is_run=False)


def _value(value: Value, span: Span, found: dict[Feature, Span]) -> None:
    pending = [value]
    while pending:
        inner = pending.pop()
        match inner:
            case ListOf() | DictOf():
                found.setdefault(Feature.FAN_IN, span)
            case Expr():
                found.setdefault(Feature.EXPRESSIONS, span)
            case Lazy():
                found.setdefault(Feature.LAZY_INPUTS, span)
            case RunFact():
                found.setdefault(Feature.RUN_FACTS, span)
            case _:
                pass
        pending += operands(inner)


def _config(config: Config, span: Span, found: dict[Feature, Span], is_run: bool) -> None:  # noqa: C901 - a list of features
    def note(feature: Feature, place: str) -> None:
        found.setdefault(feature, config.places.get(place, span))

    if config.retry is not None and not is_run:
        note(Feature.RETRIES, "retry")
        if config.retry.delay:
            note(Feature.RETRY_DELAY, "retry")
        if config.retry.backoff != 1:
            note(Feature.RETRY_BACKOFF, "retry")
    if config.resources is not None and not is_run:
        asked = {
            Feature.CPU: config.resources.cpu_count,
            Feature.MEMORY: config.resources.memory,
            Feature.GPU: config.resources.gpu_count or config.resources.gpu_class,
        }
        for feature, amount in asked.items():
            if amount is not None:
                note(feature, "resources")
    if any(getattr(config.hooks, name) is not None for name in type(config.hooks).__dataclass_fields__):
        note(Feature.RUN_HOOKS if is_run else Feature.STEP_HOOKS, "hooks")
    simple: dict[Feature, tuple[str, object]] = {
        Feature.RUN_TIMEOUT if is_run else Feature.STEP_TIMEOUT: ("timeout", config.timeout),
        Feature.ENVIRONMENT: ("environment", config.environment),
        Feature.SECRETS: ("secrets", config.secrets),
        Feature.CACHING: ("cache", config.cache),
        Feature.CACHE_POLICY: ("cache_policy", config.cache_policy),
        Feature.TAGS: ("tags", config.tags),
        Feature.MODEL: ("model", config.model),
        Feature.EXTRA: ("extra", config.extra),
        Feature.STOP_ON_FAILURE: ("execution_mode", config.execution_mode == "stop_on_failure"),
        Feature.FAIL_FAST: ("execution_mode", config.execution_mode == "fail_fast"),
        Feature.MAX_PARALLELISM: ("max_parallelism", config.max_parallelism),
        Feature.DOCKER_SETTINGS: ("docker", config.docker),
        Feature.TOGGLES: ("toggles", config.toggles),
        Feature.LABELS: ("labels", config.labels),
        Feature.SUBSTITUTIONS: ("substitutions", config.substitutions),
    }
    for feature, (place, value) in simple.items():
        if value:
            key = next((one for one in config.places if one == place or one.startswith(f"{place}.")), place)
            note(feature, key)
    for key in config.settings:
        note(Feature.COMPONENT_SETTINGS, f"settings.{key}")


def _schedule(schedule: Schedule, found: dict[Feature, Span]) -> None:
    for feature, value in (
        (Feature.SCHEDULE_CRON, schedule.cron),
        (Feature.SCHEDULE_INTERVAL, schedule.interval),
        (Feature.SCHEDULE_ONCE, schedule.run_once_at),
        (Feature.SCHEDULE_WINDOW, schedule.start_time or schedule.end_time),
        (Feature.SCHEDULE_CATCHUP, schedule.catchup),
    ):
        if value:
            found.setdefault(feature, schedule.span)
