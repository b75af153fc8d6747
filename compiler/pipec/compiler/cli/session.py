"""What `compile` and `check` share: which programs are meant, and how their diagnostics are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity, has_errors, in_order
from pipec.compiler.project import Project, find_root, load_project, source_files

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.source import SourceFile

USAGE = 2


class UsageError(Exception):
    """The command line asks for something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Program:
    """A file to compile, a pipeline in it or None for all, and its project."""

    file: Path
    pipeline: str | None
    project: Project


@dataclass(slots=True)
class Session:
    """The programs of one command and what was found in them."""

    parsed: argparse.Namespace
    programs: list[Program] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, SourceFile] = field(default_factory=dict)
    projects: dict[Path, Project] = field(default_factory=dict)
    is_implicit: bool = False

    def add(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile] | None = None) -> None:
        """Keeps diagnostics and the files that they point into."""
        self.diagnostics += diagnostics
        self.sources |= sources or {}

    @property
    def has_errors(self) -> bool:
        """Whether anything that was found is an error."""
        return has_errors(self.diagnostics)

    def project(self, root: Path) -> Project:
        """The project of `root`, read once."""
        if root not in self.projects:
            project, faults = load_project(root)
            self.projects[root] = project
            self.add(faults, {} if project.file is None else {project.file.path: project.file})
        return self.projects[root]


def open_session(parsed: argparse.Namespace) -> Session:
    """The session of a command; programs that are not there are diagnostics.

    Raises:
        UsageError: a value on the command line is not `NAME=VALUE`.
    """
    session = Session(parsed)
    if not parsed.sources:
        session.is_implicit = True
        project = session.project(find_root(Path.cwd()))
        session.programs = [Program(file.resolve(), name, project) for file, name in source_files(project)]
        if not session.programs and not session.has_errors:
            message = "no pipeline was found in this project"
            help_ = "name a file: `pipec compile FILE --target …`, or list files as `sources` in `[tool.pipec]`"
            session.add([Diagnostic("PC0105", message, help=help_)])
        return session
    for word in parsed.sources:
        file, pipeline = _split(word)
        if file.is_dir():
            raise UsageError(f"`{word}` is a folder; name a Python file in it")
        session.programs.append(Program(file.resolve(), pipeline, session.project(find_root(file.resolve()))))
    return session


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
