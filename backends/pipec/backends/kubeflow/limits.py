"""What the ledger grants only in part, and KFP's limits: each with the place that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.executor import memory
from pipec.backends.kubeflow.parameters import input_definition
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.values import Const, Expr, Lazy
from pipec.compiler.ir.walk import calls, operands, operations, results_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.backend import Options, Request
    from pipec.compiler.ir.model import Call, Pipeline
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span

NEAR_TASKS = 150
"""Steps from which the Argo Workflow that KFP makes comes near to what etcd stores (reference/kubeflow.md §5)."""

NEAR_WEIGHT = 1_000_000
"""Bytes of code in the inputs of all steps together: an estimate, since no cluster measured it."""

DEFAULT_IMAGE = "python:3.11-slim"
"""The image of steps that nothing names one for."""

_DOCKER = frozenset({"parent_image", "requirements"})


def faults_of(pipeline: Pipeline, options: Options) -> Iterator[Diagnostic]:
    """All that stops this pipeline on this target, apart from whole features."""
    for parameter in pipeline.parameters:
        yield from input_definition(parameter)[1]
    if pipeline.config.timeout is not None and pipeline.config.timeout <= 0:
        yield _refused("a time-out of no time", pipeline, "timeout")
    if pipeline.schedule is not None:
        from pipec.backends.kubeflow.schedule import schedule_faults

        yield from schedule_faults(pipeline, pipeline.schedule)
    for call in calls(pipeline.body):
        yield from _call_faults(call)
    if not options["artifact_root"]:
        yield from _store_faults(pipeline)


def _call_faults(call: Call) -> Iterator[Diagnostic]:
    config = call.config
    for name, text in config.environment.items():
        if not isinstance(text, str):
            yield _refused(f"the environment variable `{name}` is a look-up", call, "environment")
    yield from _docker_faults(call)
    if config.resources is not None:
        if config.resources.gpu_class is not None:
            yield _refused("a class of GPU", call, "resources")
        if config.resources.memory is not None and memory(config.resources.memory) is None:
            yield _refused(f"the memory size `{config.resources.memory}`", call, "resources")


def _store_faults(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """What needs a store: look-ups in it, and the exception of a failed step, which its pod takes with it otherwise."""
    for operation in operations(pipeline.body):
        for kind in map(_look_up, (*values_of(operation), *results_of(operation))):
            if kind:
                yield _storeless(f"the look-up of kind `{kind}`", operation.span)
    for output in pipeline.outputs:
        if kind := _look_up(output.value):
            yield _storeless(f"the look-up of kind `{kind}` in the output `{output.name}`", pipeline.span)
    hooks = pipeline.config.hooks
    for name, hook in (("on_failure", hooks.on_failure), ("on_end", hooks.on_end), ("on_cleanup", hooks.on_cleanup)):
        if hook is not None and hook.takes_exception:
            span = pipeline.config.places.get("hooks", pipeline.span)
            yield _storeless(f"the exception that `{name}` takes", span)


def _look_up(value: Value) -> str:
    """The kind of the first look-up in the store that the value is made of; empty if there is none."""
    pending = [value]
    while pending:
        match pending.pop():
            case Lazy(kind=kind) if kind != "environment":
                return kind
            case Expr(op="look_up", operands=(Const(value=str() as kind), *_)):
                return kind
            case top:
                pending.extend(reversed(operands(top)))
    return ""


def _storeless(what: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0430",
        f"{what} needs a store, and there is none",
        span,
        help="name one with `-O artifact_root=URL`, and the secret that opens it with `-O artifact_secret=NAME`",
    )


def _docker_faults(call: Call) -> Iterator[Diagnostic]:
    docker = call.config.docker or {}
    for name, setting in docker.items():
        if name not in _DOCKER and setting:
            yield _refused(f"the Docker setting `{name}`", call, "docker")
    if isinstance(docker.get("requirements"), str):
        yield _refused("requirements in a file", call, "docker")


def notes_of(pipeline: Pipeline, request: Request, program: str) -> Iterator[Diagnostic]:
    """What the user should know: requirements that are installed at start, policies that switch caching off."""
    options, steps = request.options, list(calls(pipeline.body))
    for call in steps:
        if call.config.cache_policy is not None and call.config.cache is not False and not options["artifact_root"]:
            span = call.config.places.get("cache_policy", call.span)
            message = f"step `{call.id}` is not cached on Kubeflow, whose cache knows no policies"
            help_ = "with a store, `-O artifact_root=URL`, pipec's own cache is used"
            yield Diagnostic("PC0402", message, span, severity=Severity.NOTE, help=help_)
    names = sorted({name for call in steps for name in pipeline.steps[call.step].closure.requirements})
    if request.images:
        if options["image"] != DEFAULT_IMAGE:
            yield Diagnostic(
                "PC0416",
                f"the option `image={options['image']}` has no effect: each step has an image that pipec builds",
                pipeline.span,
                help="leave it out; `-O code=inline` runs the steps in it, `parent_image` builds theirs on it",
                severity=Severity.WARNING,
            )
    elif names and options["requirements"] == "install" and str(options["image"]).startswith("python:"):
        yield Diagnostic(
            "PC0408",
            f"{', '.join(names)}: installed whenever a step starts on the plain image `{options['image']}`",
            pipeline.span,
            help="name an image that has them with `-O image=…`",
            severity=Severity.WARNING,
        )
    carriers = [call for call in steps if not request.images or not request.images[call.id].has_code]
    weight = len(carriers) * len(program)
    if weight > NEAR_WEIGHT:
        message = (
            f"{len(carriers)} steps with {len(program):,} bytes of inline code each: Argo notes every step's input in the "
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
