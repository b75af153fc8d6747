"""`pipec submit`: compiles, and hands what came out to the target's own API."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pipec.compiler.cli.session import UsageError, no_pipeline, open_session, pairs, show, targets_of, usage_error
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.registry import find_submitter
from pipec.compiler.submission import Submission, SubmissionFailed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pipec.compiler.cli.session import Program, Session
    from pipec.compiler.driver import Compilation
    from pipec.compiler.ir.values import Json
    from pipec.compiler.submission import Submitter

TOKEN = "PIPEC_TOKEN"
"""The variable with what the API is asked with: a command line can be read by everybody on the machine."""


def run(parsed: argparse.Namespace) -> int:
    """Submits; 1 if there are errors or the API refuses, 3 if a run that was waited for failed."""
    try:
        session = open_session(parsed)
        target, submitter = _submitter(session)
        if submitter is None:
            show(session)
            return 1
        submissions = [one for program in session.programs for one in _submissions(session, program, target)]
    except UsageError as error:
        return usage_error(error)
    if not session.has_errors and not submissions:
        session.add([no_pipeline()])
    show(session, with_notes=not parsed.quiet)
    if session.has_errors:
        return 1
    try:
        succeeded = [submitter(submission) for submission in submissions]
    except SubmissionFailed as failure:
        print(f"pipec: {failure}", file=sys.stderr)
        return 1
    return 0 if all(succeeded) else 3


def _submitter(session: Session) -> tuple[str, Submitter | None]:
    targets = targets_of(session.parsed.target)
    if len(targets) != 1:
        raise UsageError("which target? Say --target argo or --target kubeflow")
    found = find_submitter(targets[0])
    if not callable(found):
        session.add([found])
        return targets[0], None
    return targets[0], None if session.has_errors else found


def _submissions(session: Session, program: Program, target: str) -> list[Submission]:
    parsed = session.parsed
    options = pairs(parsed.option, "-O")
    compilation = _compile(session, program, target, {}, options)
    session.add(compilation.diagnostics, compilation.sources, program.project.root)
    if session.has_errors:
        return []
    given = pairs(parsed.parameter, "-p")
    if len(compilation.pipelines) > 1 and (given or parsed.run_name):
        raise UsageError("`-p` and `--run-name` are for one pipeline: name it, FILE:PIPELINE")
    values = _values(session, program, compilation, given)
    asked: list[Submission] = []
    for pipeline in compilation.pipelines:
        whole = compilation if len(compilation.pipelines) == 1 else None
        symbol = pipeline.symbol.rpartition(":")[2]
        files = (whole or _compile(session, program, target, {}, options, symbol)).files
        asked.append(
            Submission(
                pipeline,
                files,
                values,
                parsed.server,
                os.environ.get(TOKEN) or None,
                parsed.namespace,
                parsed.run_name,
                starts=not parsed.apply_only and (pipeline.schedule is None or parsed.now),
                waits=parsed.wait,
                takes_over=parsed.force,
                is_quiet=parsed.quiet,
            )
        )
    return asked


def _values(
    session: Session, program: Program, compilation: Compilation, given: Mapping[str, str]
) -> Mapping[str, Json]:
    """What `-p` says, read and checked as the compiler reads a parameter's default."""
    if not given:
        return {}
    checked = _compile(session, program, None, given, {})
    session.add([one for one in checked.diagnostics if one.is_error], checked.sources, program.project.root)
    if session.has_errors:
        return {}
    open_ = {parameter.name for pipeline in compilation.pipelines for parameter in pipeline.parameters}
    if fixed := [name for name in given if name not in open_]:
        raise UsageError(f"`{fixed[0]}` is fixed when the pipeline is compiled: give it with --bind")
    return {
        parameter.name: parameter.default.value
        for pipeline in checked.pipelines
        for parameter in pipeline.parameters
        if parameter.name in given and parameter.default is not None
    }


def _compile(
    session: Session,
    program: Program,
    target: str | None,
    parameters: Mapping[str, str],
    options: Mapping[str, str],
    pipeline: str | None = None,
) -> Compilation:
    parsed = session.parsed
    return compile_file(
        program.file,
        target,
        pipeline=pipeline or program.pipeline,
        parameters=parameters,
        bind=pairs(parsed.bind, "--bind"),
        options=options,
        project=program.project,
        config=parsed.config,
        stack=parsed.stack,
    )
