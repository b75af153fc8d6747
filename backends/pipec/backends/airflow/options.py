"""The configuration of a pipeline and of its calls in Airflow's words: arguments of `DAG`, of a task, of the launcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow import schedule
from pipec.backends.airflow.literals import Brackets, Node, Prose, literal, quoted
from pipec.compiler.gates import is_gate
from pipec.compiler.ir.values import Lazy
from pipec.compiler.ir.walk import leaves
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.airflow.runner import Runner
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Call, Pipeline
    from pipec.compiler.ir.values import Json

LONGEST_TAG = 100


def of_dag(
    pipeline: Pipeline, dag_id: str, params: Mapping[str, Node], has_doc: bool, request: Request, runner: Runner
) -> dict[str, Node]:
    """The arguments of `DAG`. Defaults that differ between releases or installations are spelled out."""
    config, version = pipeline.config, str(request.options.get("airflow_version") or "3")
    found: dict[str, Node] = {"dag_id": quoted(dag_id)}
    if dag_id != pipeline.name:
        found["dag_display_name"] = quoted(pipeline.name)
    if has_doc:
        found["doc_md"] = "__doc__"
    found.update(schedule.options(pipeline.schedule, needs_start=version != "3"))
    found["default_args"] = literal(_defaults(pipeline, request, runner))
    if config.timeout is not None:
        found["dagrun_timeout"] = schedule.duration(config.timeout)
    if config.max_parallelism is not None:
        found["max_active_tasks"] = repr(config.max_parallelism)
    if config.settings:
        from pipec.backends.airflow import settings

        found.update(settings.dag_arguments(pipeline))
    found["tags"] = literal(list(tags(config)))
    if params:
        found["params"] = Brackets("{", tuple((f"{quoted(name)}: ", each) for name, each in params.items()), "}", True)
    return found


_WORDS: Mapping[str, Mapping[str, str]] = {
    "python": {},
    "docker": {"network": "network_mode"},
    "kubernetes": {"namespace": "namespace"},
}


def _defaults(pipeline: Pipeline, request: Request, runner: Runner) -> dict[str, Json]:
    """What all tasks have: what the options say goes before what the settings say."""
    words = {"owner": "owner", "pool": "pool", "queue": "queue", **_WORDS[runner.operator]}
    given = {word: request.options.get(option) for option, word in words.items()}
    asked: dict[str, Json] = {word: str(value) for word, value in given.items() if value}
    if pipeline.config.settings:
        from pipec.backends.airflow import settings

        asked = {**settings.default_arguments(pipeline, runner.operator), **asked}
    return {**asked, "retries": 0}


def tags(config: Config) -> tuple[str, ...]:
    """The tags of the DAG, each once: pipec's, those of the pipeline, its model."""
    found = ["pipec", *config.tags]
    if config.settings:
        from pipec.backends.airflow import settings

        found += settings.dag_tags(config)
    if config.model is not None:
        version = config.model.get("version")
        found.append(f"model:{config.model.get('name')}" + (f":{version}" if version is not None else ""))
    return tuple(dict.fromkeys(found))


def of_task(config: Config, doc: str, default_retries: int = 0) -> dict[str, Node]:
    """The arguments of the operator."""
    found: dict[str, Node] = {}
    if config.retry is not None and config.retry.max_retries != default_retries:
        found["retries"] = repr(config.retry.max_retries)
        found["retry_delay"] = schedule.duration(config.retry.delay)
        if config.retry.backoff != 1:
            # Airflow 2 only knows whether, and 3.3 takes that for 2.
            found["retry_exponential_backoff"] = "True" if config.retry.backoff == 2 else literal(config.retry.backoff)
    if config.timeout is not None:
        found["execution_timeout"] = schedule.duration(config.timeout)
    if doc:
        found["doc_md"] = Prose(doc)
    return found


def config_of(call: Call, pipeline: Pipeline) -> Config:
    """The configuration of a call; what a gate looks up is that of the pipeline, as no step is asked."""
    if is_gate(call) and any(isinstance(leaf, Lazy) for value in call.arguments.values() for leaf in leaves(value)):
        return replace(call.config, environment=pipeline.config.environment, secrets=pipeline.config.secrets)
    return call.config


def of_launcher(call: Call, pipeline: Pipeline, runner: Runner) -> dict[str, Json]:
    """What the launcher needs to know beyond the invocation."""
    config = config_of(call, pipeline)
    # A pod has its secrets from Kubernetes.
    secrets = runner.secrets(config) if runner.operator != "kubernetes" else []
    found: dict[str, Json] = {}
    if config.environment:
        found["environment"] = {name: _variable(value) for name, value in config.environment.items()}
    if secrets:
        found["secrets"] = secrets
    if config.extra:
        found["extra"] = dict(config.extra)
    found |= runner.settings(call.id)
    if pipeline.config.execution_mode == "stop_on_failure":
        found["stop_on_failure"] = True
    return found


def _variable(value: str | Lazy) -> Json:
    if isinstance(value, str):
        return value
    looked_up: dict[str, Json] = {"from": value.query["name"]}
    if value.query.get("default") is not None:
        looked_up["default"] = value.query["default"]
    return looked_up
