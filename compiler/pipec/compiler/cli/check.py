"""`pipec check`: says what is wrong with the programs, and with `--target` what a target cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.cli.session import (
    UsageError,
    check_words,
    compile_program,
    no_pipeline,
    open_session,
    show,
    targets_of,
    usage_error,
)

if TYPE_CHECKING:
    import argparse


def run(parsed: argparse.Namespace) -> int:
    """Checks; 1 if there are errors."""
    try:
        session = open_session(parsed)
        check_words(parsed)
        if parsed.option and not targets_of(parsed.target):
            raise UsageError("`-O` sets an option of a target; say which with `--target`")
    except UsageError as error:
        return usage_error(error)
    checked = 0
    targets: list[str | None] = [*targets_of(parsed.target)] or [None]
    for program in session.programs:
        for target in targets:
            compilation = compile_program(session, program, target)
            if compilation is not None and target == targets[0]:
                checked += len(compilation.pipelines)
    if not checked and not session.has_errors:
        session.add([no_pipeline()])
    show(session, with_notes=not parsed.quiet)
    if not session.has_errors and not parsed.quiet and parsed.format == "text":
        print(f"{checked} pipeline{'s' if checked != 1 else ''} checked, no errors")
    return 1 if session.has_errors else 0
