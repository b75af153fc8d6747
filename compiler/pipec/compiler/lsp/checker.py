"""Which programs an editor's files belong to, and what is wrong with them now.

A change of one file is checked in the programs that read it. Text that is not saved lies in `source.UNSAVED`, so that the
compiler reads what the editor shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import has_errors, in_order
from pipec.compiler.driver import Compilation, open_project
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.project import find_root, source_files
from pipec.compiler.record import dataclass, field
from pipec.compiler.registry import IR_TARGET
from pipec.compiler.source import UNSAVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.project import Project

_TARGET_PHASE = "PC04"


@dataclass(slots=True, eq=False)
class Program:
    """A file of a project with what its last compilation gave.

    Attributes:
        good: the last compilation with pipelines; while somebody types, there are moments without.
        refusals: what the project's targets cannot do, as of the last time that they were asked.
    """

    file: Path
    root: Path
    last: Compilation = field(default_factory=Compilation)
    good: Compilation = field(default_factory=Compilation)
    refusals: tuple[Diagnostic, ...] = ()

    def reads(self, file: Path) -> bool:
        """Whether a change of `file` may matter to it."""
        if file == self.file or file.suffix in {".toml", ".yaml", ".yml"}:
            return True
        known = {*self.last.sources, *self.good.sources}
        return any(self.root / path == file for path in known)

    def diagnostics(self) -> list[Diagnostic]:
        """All that is wrong with it."""
        return in_order([*self.last.diagnostics, *self.refusals])


class Checker:
    """The programs of all projects of which a file is open."""

    def __init__(self) -> None:
        self._programs: dict[Path, Program] = {}
        self._projects: dict[Path, Project] = {}
        self._shown: dict[Path, set[Path]] = {}

    def hold(self, file: Path, text: str) -> None:
        """From now on `file` is what the editor shows."""
        UNSAVED[file] = text.encode()
        if file.name == "pyproject.toml":
            self._projects.pop(file.parent, None)

    def release(self, file: Path) -> None:
        """The editor has closed `file`: what is on the disk counts."""
        UNSAVED.pop(file, None)
        self._projects.pop(file.parent, None)

    def discover(self, file: Path) -> list[Program]:
        """The programs of the project around `file` that are not known yet; they wait to be checked."""
        root = find_root(file)
        found = source_files(self._project(root))[0]
        new = [Program(one.resolve(), root) for one, _ in found if one.resolve() not in self._programs]
        self._programs.update((one.file, one) for one in new)
        return new

    def affected(self, file: Path) -> list[Program]:
        """The programs that a change of `file` concerns, `file` itself first; it is made one where nothing reads it."""
        root = find_root(file)
        found = [one for one in self._programs.values() if one.root == root and one.reads(file)]
        if not found and file.suffix == ".py":
            found = [self._programs.setdefault(file, Program(file, root))]
        return sorted(found, key=lambda one: one.file != file)

    def check(self, program: Program, *, with_targets: bool) -> list[Path]:
        """Compiles a program; the files whose diagnostics may have changed.

        Args:
            program: one of `discover` or `affected`.
            with_targets: ask the targets of the project as well, which takes longer.
        """
        project = self._project(program.root)
        program.last = compile_file(program.file, None, project=project)
        if program.last.pipelines:
            program.good = program.last
        if with_targets and not has_errors(program.last.diagnostics):
            found: list[Diagnostic] = []
            for target in project.targets:
                if target != IR_TARGET:
                    found += compile_file(program.file, target, project=project).diagnostics
            program.refusals = tuple(one for one in found if one not in program.last.diagnostics)
        elif has_errors(program.last.diagnostics):
            program.refusals = tuple(one for one in program.refusals if not one.code.startswith(_TARGET_PHASE))
        now = {program.root / one.span.path for one in program.diagnostics() if one.span is not None}
        before = self._shown.get(program.file, set())
        self._shown[program.file] = now
        return sorted(now | before | {program.file})

    def diagnostics(self, file: Path) -> list[Diagnostic]:
        """All that any program says of `file`, each once, by place."""
        found = [
            one
            for program in self._programs.values()
            for one in program.diagnostics()
            if one.span is not None and program.root / one.span.path == file and not self._is_by_chance(program, one)
        ]
        return in_order(found)

    def pipelines(self, file: Path) -> Iterator[tuple[Program, Pipeline]]:
        """The pipelines of the project of `file`, as they last were whole."""
        root = find_root(file)
        for program in self._programs.values():
            if program.root == root:
                for pipeline in program.good.pipelines:
                    yield program, pipeline

    def _project(self, root: Path) -> Project:
        if root not in self._projects:
            self._projects[root] = open_project(root, None)[0]
        return self._projects[root]

    def _is_by_chance(self, program: Program, found: Diagnostic) -> bool:
        """Whether it only says that a file has no pipeline, which nobody claimed."""
        return found.code == "PC0105" and not self._project(program.root).sources


def path_in(program: Program, file: Path) -> str:
    """The path under which spans of a program name `file`; empty where it lies outside."""
    return file.relative_to(program.root).as_posix() if file.is_relative_to(program.root) else ""
