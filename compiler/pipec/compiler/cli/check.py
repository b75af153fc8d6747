"""`pipec check`: says what is wrong with the programs, and with `--target` what a target cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.cli.session import (
    UsageError,
    found_by_chance,
    is_own,
    no_pipeline,
    open_session,
    pairs,
    show,
    targets_of,
    usage_error,
)
from pipec.compiler.driver import compile as compile_file

if TYPE_CHECKING:
    import argparse


def run(parsed: argparse.Namespace) -> int:
    """Checks; 1 if there are errors."""
    try:
        session = open_session(parsed)
        parameters, bind, options = (
            pairs(parsed.parameter, "-p"),
            pairs(parsed.bind, "--bind"),
            pairs(parsed.option, "-O"),
        )
        if options and not targets_of(parsed.target):
            raise UsageError("`-O` sets an option of a target; say which with `--target`")
    except UsageError as error:
        return usage_error(error)
    checked = 0
    for program in session.programs:
        targets: list[str | None] = [*targets_of(parsed.target)]
        for target in targets or [None]:
            compilation = compile_file(
                program.file,
                target,
                pipeline=program.pipeline,
                parameters=parameters,
                bind=bind,
                options=options,
                project=program.project,
                config=parsed.config,
                stack=parsed.stack,
            )
            if not is_own(session, program, compilation):
                continue
            found = found_by_chance(session, program, compilation.diagnostics)
            session.add(found, compilation.sources, program.project.root)
            if target == targets[0] if targets else target is None:
                checked += len(compilation.pipelines)
    if not checked and not session.has_errors:
        session.add([no_pipeline()])
    show(session, with_notes=not parsed.quiet)
    if not session.has_errors and not parsed.quiet and parsed.format == "text":
        print(f"{checked} pipeline{'s' if checked != 1 else ''} checked, no errors")
    return 1 if session.has_errors else 0
