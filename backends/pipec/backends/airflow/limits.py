"""What Airflow cannot take, and what it can hardly take (reference/airflow.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.options import LONGEST_TAG, tags
from pipec.backends.airflow.runner import is_memory
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.walk import calls
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.backends.airflow.runner import Runner
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.model import Call, Pipeline

_SECRET = pattern(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
FEW_TASKS, MOST_TASKS, MANY_EDGES = 500, 5000, 20_000


def faults(pipeline: Pipeline, request: Request, runner: Runner) -> Iterator[Diagnostic]:
    """What is wrong with the pipeline on this target, whatever its names."""
    yield from _size(sum(1 for _ in calls(pipeline.body)), pipeline)
    for tag in tags(pipeline.config):
        if len(tag) > LONGEST_TAG:
            place = pipeline.config.places.get("tags", pipeline.span)
            yield Diagnostic("PC0403", f"the tag `{tag[:30]}…` has more than {LONGEST_TAG} characters", place)
    for call in calls(pipeline.body):
        yield from _call(call, pipeline)
    yield from _release(pipeline, request)
    yield from _store(pipeline, request, runner)
    if pipeline.config.settings or any(call.config.settings for call in calls(pipeline.body)):
        from pipec.backends.airflow import settings

        yield from settings.faults(pipeline, runner.operator)
    yield from _runs(pipeline, runner)


def _store(pipeline: Pipeline, request: Request, runner: Runner) -> Iterator[Diagnostic]:
    root = str(request.options.get("artifact_root") or "")
    if runner.operator == "kubernetes" and root and "://" not in root.removeprefix("file://"):
        message = f"`{root}` is no place that pods reach"
        help_ = "give an fsspec URL, such as `-O artifact_root=s3://bucket/pipec`"
        yield Diagnostic("PC0415", message, pipeline.span, help=help_)
        return
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


def _release(pipeline: Pipeline, request: Request) -> Iterator[Diagnostic]:
    """What Airflow 2 does not have, or says in another way than 3."""
    version = request.options.get("airflow_version")
    if version not in {"2", "both"}:
        return
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


def _runs(pipeline: Pipeline, runner: Runner) -> Iterator[Diagnostic]:
    """What the chosen way to run steps cannot give them."""
    for call in calls(pipeline.body):
        config, resources = call.config, call.config.resources
        place = config.places.get("resources", call.span)
        if resources is not None and runner.operator == "python":
            help_ = "let the step run in an image: `-O code=image`; a pool bounds how many steps a worker has"
            yield Diagnostic(
                "PC0401", "a step has what its Airflow worker has: no resources can be asked for", place, help=help_
            )
        if resources is not None and resources.gpu_class is not None and runner.operator != "python":
            help_ = "name the node by `node_selectors` of the pod settings, or `gpu_count` alone"
            yield Diagnostic("PC0401", f"the GPU class `{resources.gpu_class}` cannot be asked for", place, help=help_)
        if resources is not None and resources.memory is not None and not is_memory(resources.memory):
            yield Diagnostic("PC0404", f"`{resources.memory}` is no amount of memory", place)
        for secret in config.secrets if runner.operator == "kubernetes" else ():
            if not _SECRET.fullmatch(secret):
                place = config.places.get("secrets", call.span)
                message = f"`{secret}` is no name of a Kubernetes Secret"
                yield Diagnostic("PC0406", message, place, help="lower-case letters, digits, `-` and `.`")
    yield from _images(pipeline, runner)


def _images(pipeline: Pipeline, runner: Runner) -> Iterator[Diagnostic]:
    if not runner.images:
        return
    from pipec.backends.airflow.settings import is_live

    for call_id, image in runner.images.items():
        if is_live(image.reference):
            message = f"Airflow would take the image `{image.reference}` for a template"
            yield Diagnostic("PC0412", message, pipeline.span, help="give the image another tag")
        if not image.has_code and runner.operator == "kubernetes":
            call = next((one for one in calls(pipeline.body) if one.id == call_id), None)
            message = f"`{image.reference}` is used as it is, and a pod has no way to get the code of the step"
            help_ = (
                "build the image (leave out `skip_build`), or run it with `-O operator=docker`, which mounts the code"
            )
            yield Diagnostic("PC0414", message, pipeline.span if call is None else call.span, help=help_)
            return
