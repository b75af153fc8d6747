"""What Airflow cannot take, and what it can hardly take (reference/airflow.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.options import LONGEST_TAG, tags
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    docker = next((each for each in _docker(pipeline)), None)
    if docker is not None and request.options.get("code") != "inline":
        yield docker


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
