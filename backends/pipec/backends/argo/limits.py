"""Argo's and Kubernetes' limits, with the figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo import code
from pipec.compiler.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.backends.argo.model import Manifest
    from pipec.compiler.ir.model import Pipeline

TEMPLATES = 200
TASKS = 200
INPUTS = 500
ARGUMENT = 100 * 1024
"""Bytes: the kernel takes 128 KiB for one argument, and Argo 3.6 has no other way."""

OBJECT = 1024 * 1024
NEAR_OBJECT = 500 * 1024


def check_limits(manifest: Manifest, pipeline: Pipeline, sizes: Sequence[int]) -> Iterator[Diagnostic]:
    """Everything that is over a limit, or near it. `sizes` are those of the printed WorkflowTemplates, in bytes."""
    if len(manifest.scopes) + len(manifest.steps) > TEMPLATES:
        what = f"pipeline `{pipeline.name}` needs a template for each nested pipeline, branch and loop"
        yield _over(pipeline, what, len(manifest.scopes), TEMPLATES)
    steps = [*manifest.steps, *(step for _, library in manifest.libraries for step in library)]
    for step in steps:
        if len(step.inputs.parameters) > INPUTS:
            yield _over(pipeline, f"input parameters of `{step.name}`", len(step.inputs.parameters), INPUTS)
        longest = max(map(len, step.args))
        if longest > ARGUMENT:
            yield _over(pipeline, f"constants of `{step.name}`", longest // 1024, ARGUMENT // 1024, " KiB")
    yield from _check_sizes(manifest, pipeline, sizes)


def _check_sizes(manifest: Manifest, pipeline: Pipeline, sizes: Sequence[int]) -> Iterator[Diagnostic]:
    bytes_of_code = 0 if manifest.code is None else code.size(manifest.code.data)
    if bytes_of_code > code.LIMIT:
        yield _over(pipeline, "code that travels inline", bytes_of_code // 1024, code.LIMIT // 1024, " KiB")
    # A run keeps a copy of each template that it has used, also of those in other objects.
    kib = sum(sizes) // 1024
    what = "the WorkflowTemplate" if len(sizes) == 1 else "the WorkflowTemplates together"
    if sum(sizes) > OBJECT:
        yield _over(pipeline, f"size of {what}", kib, OBJECT // 1024, " KiB")
    elif sum(sizes) > NEAR_OBJECT:
        verb = "has" if len(sizes) == 1 else "have"
        yield Diagnostic(
            "PC0407",
            f"{what} {verb} {kib} KiB; with the state of a run it may not exceed {OBJECT // 1024} KiB",
            pipeline.span,
            severity=Severity.WARNING,
        )


def _over(pipeline: Pipeline, what: str, figure: int, limit: int, unit: str = "") -> Diagnostic:
    return Diagnostic("PC0403", f"{what}: {figure}{unit}, and Argo takes {limit}{unit}", pipeline.span)
