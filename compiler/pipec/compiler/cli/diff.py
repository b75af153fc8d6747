"""`pipec diff REV`: what a run would do otherwise than at a git revision, in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.changes.programs import Version, changes_between, declaring_files
from pipec.compiler.changes.revision import RevisionError, checked_out, repository_of, resolve
from pipec.compiler.cli.session import (
    Program,
    Session,
    UsageError,
    check_words,
    compile_program,
    no_pipeline,
    open_session,
    show,
    usage_error,
)
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.driver import open_project
from pipec.compiler.project import source_files

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.changes.model import PipelineChanges
    from pipec.compiler.project import Project


def run(parsed: argparse.Namespace) -> int:
    """Compares; 1 if the working tree has errors or the revision cannot be read. A difference alone is no failure."""
    style, parsed.format = parsed.format, "text"
    try:
        session = open_session(parsed)
        check_words(parsed)
    except UsageError as error:
        return usage_error(error)
    try:
        found = [] if session.has_errors else _compare(session)
    except RevisionError as error:
        session.add([unreadable(error)])
        found = []
    if not found and not session.has_errors:
        session.add([no_pipeline()])
    show(session, with_notes=False)
    if session.has_errors:
        return 1
    sys.stdout.write(rendered(found, style))
    return 0


def unreadable(error: RevisionError) -> Diagnostic:
    """What is said where git does not give the old version."""
    help_ = "`pipec diff` and the meaning in `--check` and `--diff` need a git repository that holds the old version"
    return Diagnostic("PC0553", str(error), help=help_)


def rendered(found: list[PipelineChanges], style: str) -> str:
    """The differences in one of the formats; those that are not different are only counted in text."""
    from pipec.compiler.changes import report

    different = [one for one in found if one.state != "unchanged" or one.unknown]
    if style == "json":
        return report.render_json(found)
    if style == "github":
        return report.render_github(different)
    if style == "markdown":
        return report.render_markdown(different) or f"No change in meaning in {count(len(found))}.\n"
    text = report.render_text(different)
    same = len(found) - len(different)
    if not different:
        return f"no change in meaning ({count(same)})\n"
    return text + (f"{count(same)} unchanged\n" if same else "")


def count(number: int) -> str:
    """`1 pipeline`, `2 pipelines`."""
    return f"{number} pipeline{'s' if number != 1 else ''}"


def _compare(session: Session) -> list[PipelineChanges]:
    found: list[PipelineChanges] = []
    for root in dict.fromkeys(program.project.root for program in session.programs):
        programs = [program for program in session.programs if program.project.root == root]
        now = version_of(session, programs)
        if session.has_errors:
            return []
        repository = repository_of(root)
        commit = resolve(repository, session.parsed.revision)
        with checked_out(repository, commit, root) as old_root:
            before = old_version(session, programs, old_root)
            found += changes_between(before, now, declaring_files(old_root, root), session.parsed.revision)
    return found


def version_of(session: Session, programs: list[Program]) -> Version:
    """What the programs compile to, after all passes; their diagnostics go to the session."""
    version = Version()
    for program in programs:
        compilation = compile_program(session, program, None)
        if compilation is not None:
            version.add(_name(program.file, program.project.root), compilation.pipelines)
    return version


def old_version(session: Session, programs: list[Program], old_root: Path) -> Version:
    """What the same programs were in `old_root`; without named files, what the project had then."""
    version = Version()
    project, faults = open_project(old_root, session.parsed.stack)
    stack_faults = [one for one in faults if one.is_error]
    if stack_faults:
        version.broken = {_name(one.file, one.project.root): stack_faults[0].message for one in programs}
        return version
    for program in _old_programs(session, programs, project):
        aside = Session(session.parsed, projects={old_root: project}, is_implicit=session.is_implicit)
        compilation = compile_program(aside, program, None)
        name = _name(program.file, old_root)
        errors = [one for one in aside.diagnostics if one.is_error]
        if errors:
            version.broken[name] = errors[0].message
        elif compilation is not None:
            version.add(name, compilation.pipelines)
    return version


def _old_programs(session: Session, programs: list[Program], project: Project) -> list[Program]:
    if session.is_implicit:
        files, _ = source_files(project)
        return [Program(file.resolve(), name, project) for file, name in files]
    found: list[Program] = []
    for program in programs:
        root = program.project.root
        if program.file.is_relative_to(root):
            file = project.root / program.file.relative_to(root)
            if file.is_file():
                found.append(Program(file, program.pipeline, project))
    return found


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
