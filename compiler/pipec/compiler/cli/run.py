"""`pipec run`: compiles a pipeline and has it run on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.backend import Program
from pipec.compiler.cli.session import UsageError, open_session, pairs, show, usage_error
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.registry import find_executor

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.cli.session import Session


def run(parsed: argparse.Namespace) -> int:
    """Runs; 1 if the program has errors, 3 if the run failed."""
    try:
        if parsed.resume and parsed.reproduce:
            raise UsageError("`--resume` goes on with a run, `--reproduce` repeats one: give one of them")
        parsed.format, style = "text", parsed.format
        session = open_session(parsed)
        program = _compile(session)
    except UsageError as error:
        return usage_error(error)
    show(session, with_notes=not parsed.quiet)
    parsed.format = style
    if program is None:
        return 1
    return find_executor().run(program, parsed)


def _compile(session: Session) -> Program | None:
    parsed = session.parsed
    if session.has_errors:
        return None
    parameters, bind = pairs(parsed.parameter, "-p"), pairs(parsed.bind, "--bind")
    (chosen,) = session.programs
    compilation = compile_file(
        chosen.file,
        None,
        pipeline=chosen.pipeline,
        parameters=parameters,
        bind=bind,
        project=chosen.project,
        config=parsed.config,
        stack=parsed.stack,
    )
    session.add(compilation.diagnostics, compilation.sources, chosen.project.root)
    pipelines = list(compilation.pipelines)
    if not pipelines:
        return None
    if len(pipelines) > 1:
        names = [each.symbol.rpartition(":")[2] for each in pipelines]
        help_ = f"say which: `pipec run {parsed.sources[0]}:{names[0]}`"
        listed = ", ".join(f"`{name}`" for name in names)
        session.add([Diagnostic("PC0702", f"`{parsed.sources[0]}` has several pipelines: {listed}", help=help_)])
        return None
    pipeline = pipelines[0]
    root = chosen.project.root
    file = chosen.file.relative_to(root).as_posix() if chosen.file.is_relative_to(root) else chosen.file.name
    source = f"{file}:{pipeline.symbol.rpartition(':')[2]}"
    return Program(pipeline, chosen.project, compilation.import_roots, source, compilation.sources)
