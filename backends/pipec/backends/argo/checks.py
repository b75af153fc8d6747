"""What Argo cannot take of a pipeline, at the user's line: found before anything is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.settings import quantity, requirements
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.values import Const, Expr, Lazy
from pipec.compiler.ir.walk import calls, operands, operations, results_of, values_of
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.backend import Options
    from pipec.compiler.ir.model import Call, Pipeline
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span

_VARIABLE = pattern(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET = pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_DOCKER = {"parent_image", "requirements"}


def check_pipeline(pipeline: Pipeline, options: Options) -> list[Diagnostic]:
    """All faults of the pipeline that the ledger, which knows features as a whole, does not catch."""
    found = [*_schedule(pipeline), *_store_options(pipeline, options)]
    if not options.get("artifact_root"):
        found += [*_lookups(pipeline), *_caches(pipeline)]
    for call in calls(pipeline.body):
        found += [*_environment(call), *_retry(call), *_resources(call), *_docker(call), *_pods(call)]
    return [*found, *_installs(pipeline)]


def _store_options(pipeline: Pipeline, options: Options) -> Iterator[Diagnostic]:
    root, secret = options.get("artifact_root"), options.get("artifact_secret")
    if root and ("://" not in str(root) or "{{" in str(root) or "$" in str(root)):
        yield Diagnostic(
            "PC0404",
            f"`{root}` is no place that all pods reach",
            pipeline.span,
            help="give an fsspec URL, such as `-O artifact_root=s3://bucket/pipec`",
        )
    if secret and not _SECRET.fullmatch(str(secret)):
        yield Diagnostic("PC0406", f"`{secret}` is no name of a Kubernetes Secret", pipeline.span)


def _lookups(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for operation in operations(pipeline.body):
        for value in (*values_of(operation), *results_of(operation)):
            yield from _lookup(value, operation.span)
    for output in pipeline.outputs:
        yield from _lookup(output.value, pipeline.span)


def _lookup(value: Value, span: Span) -> Iterator[Diagnostic]:
    pending = [value]
    while pending:
        match pending.pop():
            case Lazy(kind=kind) if kind != "environment":
                pass
            case Expr(op="look_up", operands=(Const(value=str() as kind), *_)):
                pass
            case top:
                pending.extend(reversed(operands(top)))
                continue
        yield Diagnostic(
            "PC0430",
            f"a look-up of kind `{kind}` needs a store, and there is none",
            span,
            help="name one with `-O artifact_root=URL`, and the Secret that opens it with `-O artifact_secret=NAME`",
        )
        return


def _caches(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for call in calls(pipeline.body):
        config = call.config
        if config.cache is not False and (config.cache or config.cache_policy is not None):
            yield Diagnostic(
                "PC0402",
                f"step `{call.id}` is not cached: every run of it runs",
                config.places.get("cache", config.places.get("cache_policy", call.span)),
                notes=("Argo's own memoisation knows neither code nor data",),
                help="with a store, `-O artifact_root=URL`, pipec's own cache is used",
                severity=Severity.NOTE,
            )


def _schedule(pipeline: Pipeline) -> Iterator[Diagnostic]:
    schedule = pipeline.schedule
    if schedule is None:
        return
    fields = (schedule.cron or "").split()
    if schedule.cron is not None and len(fields) != 5 and not schedule.cron.startswith("@"):
        yield Diagnostic(
            "PC0404",
            f"`{schedule.cron}` is no schedule of a CronWorkflow",
            schedule.span,
            notes=("it takes five fields, or a word such as `@daily`",),
        )


def _environment(call: Call) -> Iterator[Diagnostic]:
    for name, value in call.config.environment.items():
        place = _place(call, "environment")
        if not isinstance(value, str):
            yield Diagnostic(
                "PC0401",
                f"environment variable `{name}` looks up another variable",
                place,
                notes=("a pod's variables are written down before its container exists",),
                help="read the variable inside the step, or use `secrets`",
            )
        elif not _VARIABLE.fullmatch(name):
            yield Diagnostic("PC0406", f"`{name}` is no name of an environment variable in Kubernetes", place)
        elif "\x00" in value:
            yield Diagnostic("PC0404", f"environment variable `{name}` holds a null character", place)
    for secret in call.config.secrets:
        if not _SECRET.fullmatch(secret):
            yield Diagnostic(
                "PC0406",
                f"`{secret}` is no name of a Kubernetes Secret",
                _place(call, "secrets"),
                help="lower-case letters, digits, `-` and `.`",
            )


def _retry(call: Call) -> Iterator[Diagnostic]:
    retry = call.config.retry
    if retry is not None and retry.delay > 0 and retry.backoff != int(retry.backoff):
        yield Diagnostic(
            "PC0404",
            f"back-off of {retry.backoff:g} is not a whole number",
            _place(call, "retry"),
            notes=("Argo's `backoff.factor` is an integer",),
        )


def _resources(call: Call) -> Iterator[Diagnostic]:
    resources = call.config.resources
    if resources is None:
        return
    if resources.gpu_class is not None:
        yield Diagnostic(
            "PC0401",
            f"GPU class `{resources.gpu_class}` cannot be asked for",
            _place(call, "resources"),
            notes=("Kubernetes has no word for it: each cluster labels its nodes in its own way",),
        )
    if resources.memory is not None:
        try:
            quantity(resources.memory)
        except ValueError:
            yield Diagnostic("PC0404", f"`{resources.memory}` is no amount of memory", _place(call, "resources"))


def _docker(call: Call) -> Iterator[Diagnostic]:
    docker = call.config.docker or {}
    for key, value in docker.items():
        # A false or empty value asks for nothing.
        if key not in _DOCKER and value not in (None, False, "", [], (), {}):
            yield Diagnostic(
                "PC0401",
                f"Docker setting `{key}` cannot be honoured",
                _place(call, "docker"),
                notes=("on Argo, `parent_image` and a list of `requirements` are taken; images are not built yet",),
            )
    listed = docker.get("requirements")
    if listed is not None and not (isinstance(listed, list | tuple) and all(isinstance(one, str) for one in listed)):
        yield Diagnostic("PC0401", "Docker setting `requirements` is not a list", _place(call, "docker"))
    image = docker.get("parent_image")
    if image is not None and (not isinstance(image, str) or "{{" in image):
        yield Diagnostic("PC0404", "Docker setting `parent_image` is no name of an image", _place(call, "docker"))


def _pods(call: Call) -> Iterator[Diagnostic]:
    if not call.config.settings:
        return
    from pipec.backends.argo.pods import live, not_honoured

    place = next(
        (
            call.config.places[f"settings.{key}"]
            for key in call.config.settings
            if f"settings.{key}" in call.config.places
        ),
        call.span,
    )
    for name in not_honoured(call.config):
        yield Diagnostic(
            "PC0401",
            f"setting `{name}` cannot be honoured",
            place,
            notes=(
                "on Argo, settings of the Kubernetes orchestrator are taken as far as they are about steps and runs",
            ),
        )
    if (text := live(call.config)) is not None:
        yield Diagnostic("PC0404", f"`{text}` in the settings is a tag to Argo", place)


def _installs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    needed = {
        requirement: None
        for call in calls(pipeline.body)
        for requirement in requirements(call, pipeline.steps[call.step])
    }
    for requirement in needed:
        if "{{" in requirement:
            yield Diagnostic("PC0404", f"`{requirement}` is no requirement", pipeline.span)
    if needed:
        yield Diagnostic(
            "PC0408",
            f"steps install {_listed(list(needed))} each time they start",
            pipeline.span,
            notes=("what the image of `-O image=` already has is not installed again",),
            help="name an image that has them with `-O image=…`",
            severity=Severity.WARNING,
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _place(call: Call, field: str) -> Span:
    return call.config.places.get(field, call.span)
