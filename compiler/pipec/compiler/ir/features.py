"""What a pipeline asks of a target, feature by feature: the rows of every capability ledger.

`features_of` walks a pipeline and names each feature that it uses, with the place that asks for it. The driver compares
them with the ledger of the chosen backend before anything is emitted.
"""

from __future__ import annotations

from enum import StrEnum


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
