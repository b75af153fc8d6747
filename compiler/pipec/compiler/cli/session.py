"""What `compile` and `check` share: which programs are meant, and how their diagnostics are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity, has_errors, in_order
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.driver import open_project
from pipec.compiler.project import Project, find_root, source_files
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.driver import Compilation
    from pipec.compiler.source import SourceFile

USAGE = 2


class UsageError(Exception):
    """The command line asks for something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Program:
    """A file to compile, a pipeline in it or None for all, and its project.

    Attributes:
        without: pipelines of the file that are compiled as another file starts them.
        is_start: whether the pipeline is another file's, and this one counts for how it starts it.
    """

    file: Path
    pipeline: str | None
    project: Project
    without: frozenset[tuple[str, str]] = frozenset()
    is_start: bool = False


@dataclass(slots=True)
class Session:
    """The programs of one command and what was found in them."""

    parsed: argparse.Namespace
    programs: list[Program] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, SourceFile] = field(default_factory=dict)
    projects: dict[Path, Project] = field(default_factory=dict)
    is_implicit: bool = False

    def add(
        self,
        diagnostics: Iterable[Diagnostic],
        sources: Mapping[str, SourceFile] | None = None,
        root: Path | None = None,
    ) -> None:
        """Keeps diagnostics and the files that they point into.

        With `root`, the project of both: their paths, which start there, become paths from the current folder.
        """
        prefix = "" if root is None else _from_here(root)
        if not prefix:
            self.diagnostics += diagnostics
            self.sources |= sources or {}
            return
        from pipec.compiler.diagnostics.place import moved

        self.diagnostics += [moved(one, lambda path: f"{prefix}{path}") for one in diagnostics]
        self.sources |= {f"{prefix}{path}": source for path, source in (sources or {}).items()}

    @property
    def has_errors(self) -> bool:
        """Whether anything that was found is an error."""
        return has_errors(self.diagnostics)

    def project(self, root: Path) -> Project:
        """The project of `root`, read once."""
        if root not in self.projects:
            project, faults = open_project(root, getattr(self.parsed, "stack", None))
            self.projects[root] = project
            self.add(faults, {} if project.file is None else {project.file.path: project.file}, root)
        return self.projects[root]


def _from_here(root: Path) -> str:
    """What leads from the current folder to `root`, with a slash behind it; empty where that is the same folder."""
    try:
        way = Path(os.path.relpath(root, Path.cwd())).as_posix()
    except ValueError:  # another drive
        way = root.as_posix()
    return "" if way == "." else f"{way.rstrip('/')}/"


def open_session(parsed: argparse.Namespace) -> Session:
    """The session of a command; programs that are not there are diagnostics.

    Raises:
        UsageError: a value on the command line is not `NAME=VALUE`.
    """
    session = Session(parsed)
    if not parsed.sources:
        session.is_implicit = True
        project = session.project(find_root(Path.cwd()))
        files, faults = source_files(project)
        session.add(faults, {} if project.file is None else {project.file.path: project.file}, project.root)
        session.programs = [Program(file.resolve(), name, project) for file, name in files]
        if not project.sources:
            from pipec.compiler.cli.starts import as_started

            session.programs = as_started(session, session.programs)
        if not session.programs and not session.has_errors:
            session.add([no_pipeline()])
        return session
    for word in parsed.sources:
        file, pipeline = _split(word)
        if file.is_dir():
            raise UsageError(f"`{word}` is a folder; name a Python file in it")
        session.programs.append(Program(file.resolve(), pipeline, session.project(find_root(file.resolve()))))
    return session


def no_pipeline() -> Diagnostic:
    """What is said where nothing is named and nothing is found."""
    help_ = "name a file: `pipec compile FILE --target …`, or list files as `sources` in `[tool.pipec]`"
    return Diagnostic("PC0105", "no pipeline was found in this project", help=help_)


def compile_program(session: Session, program: Program, target: str | None) -> Compilation | None:
    """What one program of the session gives for one target, None only to check it; its diagnostics are kept.

    Returns None where the file was found by chance and only starts pipelines that are defined elsewhere.

    Raises:
        UsageError: a value on the command line is not `NAME=VALUE`.
    """
    parsed = session.parsed
    compilation = compile_file(
        program.file,
        target,
        pipeline=program.pipeline,
        parameters=pairs(parsed.parameter, "-p"),
        bind=pairs(parsed.bind, "--bind"),
        options=pairs(parsed.option, "-O"),
        project=program.project,
        config=parsed.config,
        stack=parsed.stack,
        without=program.without,
    )
    if not is_own(session, program, compilation):
        return None
    found = found_by_chance(session, program, compilation.diagnostics)
    session.add(found, compilation.sources, program.project.root)
    return compilation


def check_words(parsed: argparse.Namespace) -> None:
    """Checks the values on the command line, before anything is compiled.

    Raises:
        UsageError: one is not `NAME=VALUE`, or stands twice.
    """
    for words, flag in ((parsed.parameter, "-p"), (parsed.bind, "--bind"), (parsed.option, "-O")):
        pairs(words, flag)


def found_by_chance(session: Session, program: Program, found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """`found` without the remark that a file defines no pipeline, where nobody named the file."""
    if session.is_implicit and not program.project.sources:
        return [one for one in found if one.code != "PC0105"]
    return found


def is_own(session: Session, program: Program, compilation: Compilation) -> bool:
    """Whether what was compiled is defined in the file itself.

    A file that only starts pipelines compiles them where it is named; found by chance it would compile them once more.
    """
    if not session.is_implicit or program.project.sources or program.is_start:
        return True
    root = program.project.root
    name = program.file.relative_to(root).as_posix() if program.file.is_relative_to(root) else program.file.name
    return not compilation.pipelines or any(one.span.path == name for one in compilation.pipelines)


def _split(word: str) -> tuple[Path, str | None]:
    """`FILE:PIPELINE` as its parts; a file whose name holds a colon wins over the reading as two."""
    if Path(word).exists() or ":" not in word:
        return Path(word), None
    name, _, pipeline = word.rpartition(":")
    return Path(name), pipeline


def pairs(words: Sequence[str], flag: str) -> dict[str, Any]:
    """`NAME=VALUE` words as a dict.

    Raises:
        UsageError: a word has no `=`, or a name stands twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"`{flag} {word}` is not `{flag} NAME=VALUE`")
        if name in found:
            raise UsageError(f"`{flag} {name}=…` is given twice")
        found[name] = value
    return found


def targets_of(words: Sequence[str]) -> list[str]:
    """`--target a,b --target c` as a list, each once."""
    return list(dict.fromkeys(one.strip() for word in words for one in word.split(",") if one.strip()))


def show(session: Session, *, with_notes: bool = True) -> None:
    """Prints what was found: text to standard error, other formats to standard output."""
    found = in_order(session.diagnostics)
    if not with_notes:
        found = [one for one in found if one.severity is not Severity.NOTE]
    style = session.parsed.format
    if style == "text":
        from pipec.compiler.diagnostics.text import render

        stream = sys.stderr
        text = render(found, session.sources, colour=_wants_colour(stream))
        stream.write(text.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
        stream.flush()
        return
    from pipec.compiler.diagnostics import machine

    renderers = {"json": machine.render_json, "github": machine.render_github, "sarif": machine.render_sarif}
    sys.stdout.write(renderers[style](found))


def _wants_colour(stream: Any) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def usage_error(error: UsageError) -> int:
    """Prints a wrong usage and returns its exit status."""
    print(f"pipec: {error}", file=sys.stderr)
    return USAGE
