"""`pipec build`: the images of pipelines: says which there are, writes their contexts, or has them built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.cli.session import (
    UsageError,
    found_by_chance,
    is_own,
    no_pipeline,
    open_session,
    pairs,
    show,
    usage_error,
)
from pipec.compiler.code_root import ReservedName
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.images.plan import plan_images
from pipec.compiler.record import replace
from pipec.compiler.registry import find_builder

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.cli.session import Program, Session
    from pipec.compiler.images.plan import ImagePlan
    from pipec.compiler.ir.model import Pipeline

_OF_BUILDING = frozenset({"PC0601", "PC0607"})
"""What building mends, and is no news to who builds."""


def run(parsed: argparse.Namespace) -> int:
    """Plans, writes or builds; 1 if there are errors."""
    try:
        session = open_session(parsed)
        plans = _plans(session)
    except UsageError as error:
        return usage_error(error)
    if not plans and not session.has_errors:
        session.add([no_pipeline()])
    if parsed.emit is not None and not session.has_errors:
        return _emit(session, plans)
    show(session, with_notes=not parsed.quiet)
    if session.has_errors:
        return 1
    if parsed.plan:
        from pipec.compiler.images.view import plan_text

        asked = find_builder() if parsed.online else None
        states = {} if asked is None or isinstance(asked, Diagnostic) else asked.states(plans)
        print("\n".join(plan_text(plan, states) for plan in plans), end="")
        return 0
    builder = find_builder()
    if isinstance(builder, Diagnostic):
        session.add([builder])
        show(session, with_notes=False)
        return 1
    return builder.build(plans, session.programs[0].project, parsed)


def _emit(session: Session, plans: list[ImagePlan]) -> int:
    from pipec.compiler.images.written import write_contexts

    try:
        written, faults = write_contexts(Path(session.parsed.emit), plans)
    except OSError as error:
        written, faults = [], [Diagnostic("PC0102", f"the contexts were not all written: {error.strerror or error}")]
    session.add(faults)
    show(session, with_notes=not session.parsed.quiet)
    if session.parsed.format == "text" and not session.parsed.quiet:
        for path in written:
            print(f"{path.as_posix()}/: written")
    return 1 if session.has_errors else 0


def _plans(session: Session) -> list[ImagePlan]:
    parsed = session.parsed
    parameters, bind = pairs(parsed.parameter, "-p"), pairs(parsed.bind, "--bind")
    found: list[ImagePlan] = []
    for program in session.programs:
        compilation = compile_file(
            program.file,
            None,
            pipeline=program.pipeline,
            parameters=parameters,
            bind=bind,
            project=program.project,
            config=parsed.config,
            stack=parsed.stack,
        )
        if not is_own(session, program, compilation):
            continue
        diagnostics = found_by_chance(session, program, compilation.diagnostics)
        session.add(diagnostics, compilation.sources, program.project.root)
        if not any(one.is_error for one in compilation.diagnostics):
            found += [plan for each in compilation.pipelines if (plan := _plan(session, program, each)) is not None]
    return found


def _plan(session: Session, program: Program, pipeline: Pipeline) -> ImagePlan | None:
    project = program.project
    if session.parsed.repository is not None:
        image = project.raw.get("image", {})
        image = {**(image if isinstance(image, dict) else {}), "repository": session.parsed.repository}
        project = replace(project, raw={**project.raw, "image": image})
    try:
        plan, faults = plan_images(pipeline, project)
    except ReservedName as fault:
        plan, faults = None, [Diagnostic("PC0208", str(fault), pipeline.span)]
    if not session.parsed.plan:
        faults = [one for one in faults if one.code not in _OF_BUILDING]
    sources = {} if project.file is None else {project.file.path: project.file}
    session.add(faults, sources, project.root)
    return plan
