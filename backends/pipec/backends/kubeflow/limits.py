"""What the ledger grants only in part, and KFP's limits: each with the place that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.executor import memory
from pipec.backends.kubeflow.parameters import input_definition
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.values import Lazy
from pipec.compiler.ir.walk import calls, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.backend import Options
    from pipec.compiler.ir.model import Call, Pipeline

NEAR_TASKS = 150
"""Steps from which the Argo Workflow that KFP makes comes near to what etcd stores (reference/kubeflow.md §5)."""

NEAR_WEIGHT = 1_000_000
"""Bytes of code in the inputs of all steps together: an estimate, since no cluster measured it."""

_DOCKER = frozenset({"parent_image", "requirements"})


def faults_of(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """All that stops this pipeline on this target, apart from whole features."""
    for parameter in pipeline.parameters:
        yield from input_definition(parameter)[1]
    if pipeline.config.timeout is not None and pipeline.config.timeout <= 0:
        yield _refused("a time-out of no time", pipeline, "timeout")
    for call in calls(pipeline.body):
        yield from _call_faults(call)


def _call_faults(call: Call) -> Iterator[Diagnostic]:
    config = call.config
    for value in call.arguments.values():
        for leaf in leaves(value):
            if isinstance(leaf, Lazy) and leaf.kind != "environment":
                yield _refused(f"a look-up of kind `{leaf.kind}` in an argument", call)
    for name, text in config.environment.items():
        if not isinstance(text, str):
            yield _refused(f"the environment variable `{name}` is a look-up", call, "environment")
    yield from _docker_faults(call)
    if config.resources is not None:
        if config.resources.gpu_class is not None:
            yield _refused("a class of GPU", call, "resources")
        if config.resources.memory is not None and memory(config.resources.memory) is None:
            yield _refused(f"the memory size `{config.resources.memory}`", call, "resources")


def _docker_faults(call: Call) -> Iterator[Diagnostic]:
    docker = call.config.docker or {}
    for name, setting in docker.items():
        if name not in _DOCKER and setting:
            yield _refused(f"the Docker setting `{name}`", call, "docker")
    if isinstance(docker.get("requirements"), str):
        yield _refused("requirements in a file", call, "docker")


def notes_of(pipeline: Pipeline, options: Options, program: str) -> Iterator[Diagnostic]:
    """What the user should know: requirements that are installed at start, policies that switch caching off."""
    steps = list(calls(pipeline.body))
    for call in steps:
        if call.config.cache_policy is not None and call.config.cache is not False:
            span = call.config.places.get("cache_policy", call.span)
            message = f"step `{call.id}` is not cached on Kubeflow, whose cache knows no policies"
            yield Diagnostic("PC0402", message, span, severity=Severity.NOTE)
    names = sorted({name for call in steps for name in pipeline.steps[call.step].closure.requirements})
    if names and options["requirements"] == "install" and str(options["image"]).startswith("python:"):
        yield Diagnostic(
            "PC0402",
            f"{', '.join(names)}: installed whenever a step starts on the plain image `{options['image']}`",
            pipeline.span,
            help="name an image that has them with `-O image=…`",
            severity=Severity.WARNING,
        )
    weight = len(steps) * len(program)
    if weight > NEAR_WEIGHT:
        message = (
            f"{len(steps)} steps with {len(program):,} bytes of inline code each: Argo notes every step's input in the "
            f"run's object, which gets near etcd's limit from about {NEAR_WEIGHT:,} bytes"
        )
        yield Diagnostic("PC0407", message, pipeline.span, severity=Severity.WARNING)
    if len(steps) > NEAR_TASKS:
        message = f"{len(steps)} steps: the Workflow that KFP makes of a spec is near etcd's limit from {NEAR_TASKS}"
        yield Diagnostic("PC0407", message, pipeline.span, severity=Severity.WARNING)


def program_fault(pipeline: Pipeline, program: str) -> Diagnostic | None:
    """An error where the program is too large to travel in the spec."""
    size = len(program)
    if size <= code.LIMIT:
        return None
    return Diagnostic(
        "PC0403",
        f"the code of the pipeline takes {size:,} bytes in the spec, {code.LIMIT:,} are possible",
        pipeline.span,
        help="keep data out of the modules that the steps import",
    )


def _refused(what: str, owner: Pipeline | Call, place: str = "") -> Diagnostic:
    return Diagnostic(
        "PC0401",
        f"Kubeflow Pipelines cannot do this: {what}",
        owner.config.places.get(place, owner.span),
        help="`pipec targets --ledger` says what this target can do",
    )
