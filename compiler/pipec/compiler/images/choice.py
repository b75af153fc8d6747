"""How code travels: in images or inline in the generated files, and what that means for the request of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.backend import Request
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.walk import calls
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.backend import Options
    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.project import Project

OPTION = "code"
IMAGE, INLINE = "image", "inline"


def chosen(pipeline: Pipeline, project: Project, options: Options) -> str:
    """`image` or `inline`: what `-O code=` says, else `image` where Docker settings or the project describe one."""
    if options.get(OPTION) is not None:
        return str(options[OPTION])
    return IMAGE if _describes_images(pipeline, project) else INLINE


def _describes_images(pipeline: Pipeline, project: Project) -> bool:
    configured = "image" in project.raw or bool(pipeline.config.docker)
    return configured or any(call.config.docker for call in calls(pipeline.body))


def settle(
    pipeline: Pipeline, request: Request, project: Project, *, has_images: bool, can_build: bool
) -> tuple[Pipeline, Request, Sequence[Diagnostic], str]:
    """Decides how the code of a pipeline travels.

    Args:
        pipeline: after all passes.
        request: with the options of the target.
        project: with its stack.
        has_images: whether the target runs steps in images anyway, so that a plain one can be named.
        can_build: whether the target can run steps in images that hold their code.

    Returns:
        The pipeline, whose Docker settings are done with where images hold them; the request with its images; what is
        wrong; and the choice in words.
    """
    choice = chosen(pipeline, project, request.options) if can_build else INLINE
    options = {**request.options, OPTION: choice}
    if choice == INLINE:
        request = Request(request.source, request.command, options)
        if not _describes_images(pipeline, project):
            return pipeline, request, (), "code inline"
        from pipec.compiler.images.inline import settle_inline

        pipeline, found = settle_inline(pipeline, project, has_images=has_images, can_build=can_build)
        return pipeline, request, found, "code inline"
    pipeline, images, found = with_images(pipeline, project)
    count = len({one.reference for one in images.values()})
    words = f"code in {count} image{'s' if count != 1 else ''}"
    return pipeline, Request(request.source, request.command, options, images), found, words


def with_images(pipeline: Pipeline, project: Project) -> tuple[Pipeline, Mapping[str, StepImage], list[Diagnostic]]:
    """The pipeline without its Docker settings, which are in the images now; the image of each step; what is wrong."""
    from pipec.compiler.code_root import ReservedName
    from pipec.compiler.images.plan import plan_images

    try:
        plan, found = plan_images(pipeline, project)
    except ReservedName as fault:
        return pipeline, {}, [Diagnostic("PC0208", str(fault), pipeline.span)]
    if plan is None:
        return pipeline, {}, found
    return without_docker(pipeline), plan.step_images(), found


def without_docker(pipeline: Pipeline) -> Pipeline:
    """The pipeline without Docker settings."""
    from pipec.compiler.ir.rewrite import rewrite

    def bare(operation: Operation) -> tuple[Operation, ...]:
        if isinstance(operation, Call) and operation.config.docker is not None:
            return (replace(operation, config=replace(operation.config, docker=None)),)
        return (operation,)

    config = pipeline.config if pipeline.config.docker is None else replace(pipeline.config, docker=None)
    return replace(pipeline, body=rewrite(pipeline.body, bare), config=config)
