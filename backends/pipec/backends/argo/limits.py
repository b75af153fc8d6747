"""Argo's and Kubernetes' limits, with the figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo import code
from pipec.compiler.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.backends.argo.model import Manifest
    from pipec.compiler.ir.model import Pipeline

TEMPLATES = 200
TASKS = 200
INPUTS = 500
ARGUMENT = 100 * 1024
"""Bytes: the kernel takes 128 KiB for one argument, and Argo 3.6 has no other way."""

OBJECT = 1024 * 1024
NEAR_OBJECT = 500 * 1024


def check_limits(manifest: Manifest, pipeline: Pipeline, size: int) -> Iterator[Diagnostic]:
    """Everything that is over a limit, or near it. `size` is that of the printed WorkflowTemplate, in bytes."""
    templates = len(manifest.scopes) + len(manifest.steps)
    if templates > TEMPLATES:
        yield _over(
            pipeline,
            f"pipeline `{pipeline.name}` needs a template for each step and nested pipeline",
            templates,
            TEMPLATES,
        )
    for scope in manifest.scopes:
        if len(scope.tasks) > TASKS:
            yield _over(pipeline, f"tasks in `{scope.name}`", len(scope.tasks), TASKS)
    for step in manifest.steps:
        if len(step.inputs.parameters) > INPUTS:
            yield _over(pipeline, f"input parameters of `{step.name}`", len(step.inputs.parameters), INPUTS)
        longest = max(map(len, step.args))
        if longest > ARGUMENT:
            yield _over(pipeline, f"constants of `{step.name}`", longest // 1024, ARGUMENT // 1024, " KiB")
    yield from _check_sizes(manifest, pipeline, size)


def _check_sizes(manifest: Manifest, pipeline: Pipeline, size: int) -> Iterator[Diagnostic]:
    kib = size // 1024
    bytes_of_code = code.size(manifest.code.data)
    if bytes_of_code > code.LIMIT:
        yield _over(pipeline, "code that travels inline", bytes_of_code // 1024, code.LIMIT // 1024, " KiB")
    if size > OBJECT:
        yield _over(pipeline, "size of the WorkflowTemplate", kib, OBJECT // 1024, " KiB")
    elif size > NEAR_OBJECT:
        yield Diagnostic(
            "PC0407",
            f"the WorkflowTemplate has {kib} KiB; with the state of a run it may not exceed {OBJECT // 1024} KiB",
            pipeline.span,
            severity=Severity.WARNING,
        )


def _over(pipeline: Pipeline, what: str, figure: int, limit: int, unit: str = "") -> Diagnostic:
    return Diagnostic("PC0403", f"{what}: {figure}{unit}, and Argo takes {limit}{unit}", pipeline.span)
