"""What Airflow cannot take, and what it can hardly take (reference/airflow.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.model import tasks
from pipec.backends.airflow.options import LONGEST_TAG, tags
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipec.backends.airflow.model import Member
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.model import Call, Pipeline

FEW_TASKS, MOST_TASKS, MANY_EDGES = 500, 5000, 20_000


def faults(pipeline: Pipeline, request: Request) -> Iterator[Diagnostic]:
    """What is wrong with the pipeline on this target, whatever its names."""
    yield from _size(sum(1 for _ in calls(pipeline.body)), pipeline)
    for tag in tags(pipeline.config):
        if len(tag) > LONGEST_TAG:
            place = pipeline.config.places.get("tags", pipeline.span)
            yield Diagnostic("PC0403", f"the tag `{tag[:30]}…` has more than {LONGEST_TAG} characters", place)
    for call in calls(pipeline.body):
        yield from _call(call, pipeline)
    yield from _release(pipeline, request)
    yield from _store(pipeline, request)
    docker = next((each for each in _docker(pipeline)), None)
    if docker is not None and request.options.get("code") != "inline":
        yield docker


def _store(pipeline: Pipeline, request: Request) -> Iterator[Diagnostic]:
    root = str(request.options.get("artifact_root") or "")
    if root and "://" not in root and not root.startswith("/"):
        message = f"`{root}` is no place that all workers reach"
        help_ = "give an fsspec URL or the full path of a shared folder, such as `-O artifact_root=s3://bucket/pipec`"
        yield Diagnostic("PC0404", message, pipeline.span, help=help_)


def _size(count: int, pipeline: Pipeline) -> Iterator[Diagnostic]:
    if count > MOST_TASKS:
        message = f"the pipeline has {count:,} steps; Airflow parses at most about {MOST_TASKS:,} in time"
        yield Diagnostic("PC0403", message, pipeline.span, help="split the pipeline, or loop inside a step")
    elif count > FEW_TASKS:
        message = f"the pipeline has {count:,} steps; Airflow gets slow beyond {FEW_TASKS}"
        yield Diagnostic("PC0407", message, pipeline.span, severity=Severity.WARNING)


def edges(count: int, pipeline: Pipeline) -> Iterator[Diagnostic]:
    """A warning about a graph whose edges take long to parse."""
    if count > MANY_EDGES:
        message = f"the graph has {count:,} edges; Airflow gets slow beyond {MANY_EDGES:,}"
        yield Diagnostic(
            "PC0407",
            message,
            pipeline.span,
            help="put a step between steps that all wait for all",
            severity=Severity.WARNING,
        )


def rules(members: Iterable[Member], pipeline: Pipeline) -> Iterator[Diagnostic]:
    """An error where the run stops at the first failure and a task goes on after skipped ones."""
    task = next((one for one in tasks(members) if "trigger_rule" in one.options), None)
    if pipeline.config.execution_mode == "fail_fast" and task is not None:
        yield Diagnostic(
            "PC0410",
            f"Airflow cannot stop at once where a task may follow skipped ones, as `{task.task_id}` does",
            pipeline.config.places.get("execution_mode", pipeline.span),
            help='use `execution_mode="stop_on_failure"`: what runs goes on, and nothing else starts',
        )


def _release(pipeline: Pipeline, request: Request) -> Iterator[Diagnostic]:
    """What Airflow 2 does not have, or says in another way than 3."""
    version = request.options.get("airflow_version")
    if version not in {"2", "both"}:
        return
    if version == "both" and pipeline.config.execution_mode == "fail_fast":
        place = pipeline.config.places.get("execution_mode", pipeline.span)
        message = "`fail_fast` has another name in Airflow 2, and the file is for both"
        yield Diagnostic("PC0411", message, place, help="compile for one of them: `-O airflow_version=2` or `3`")
    for call in calls(pipeline.body):
        retry = call.config.retry
        if retry is not None and retry.max_retries and retry.backoff not in (1, 2):
            message = f"Airflow 2 can double the delay between retries, not multiply it by {retry.backoff:g}"
            place = call.config.places.get("retry", call.span)
            yield Diagnostic("PC0411", message, place, help="use `backoff=2` or `backoff=1`")


def _call(call: Call, pipeline: Pipeline) -> Iterator[Diagnostic]:
    for output in pipeline.steps[call.step].outputs:
        if output.name == "return_value":
            message = "an output cannot be called `return_value` on Airflow, which keeps all results under that name"
            yield Diagnostic("PC0406", message, call.span, help="give the output another name")


def _docker(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for config, span in [
        (pipeline.config, pipeline.span),
        *((call.config, call.span) for call in calls(pipeline.body)),
    ]:
        if config.docker:
            yield Diagnostic(
                "PC0401",
                "steps run on the worker's own interpreter, not in the image that the Docker settings describe",
                next((place for key, place in config.places.items() if key.startswith("docker")), span),
                help="if the worker has what the steps need, say so with `-O code=inline`",
            )
