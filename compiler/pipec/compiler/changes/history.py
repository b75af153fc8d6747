"""What pipec would have written in the commit in which generated files were last changed: it tells stale from edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.changes.programs import Version, declaring_files
from pipec.compiler.changes.revision import RevisionError, checked_out, commits_of, repository_of, text_at
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.driver import open_project
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.project import Project


@dataclass(frozen=True, slots=True)
class Asked:
    """One compilation as the command line asks for it.

    Attributes:
        file: the program, absolute.
        pipeline: the pipeline in it that is meant, or None for all.
        target: what it is compiled to; None only lowers it.
        stack: the stack that is asked for.
        words: further keyword arguments of `driver.compile`.
    """

    file: Path
    pipeline: str | None
    target: str | None
    stack: str | None
    words: Mapping[str, Any]


@dataclass(slots=True)
class Past:
    """A commit and what this pipec gives for its sources.

    Attributes:
        files: texts by path below the output folder; None where the sources of that commit do not compile.
        version: the pipelines, for `changes_between`.
        causes: files that declare requirements and differ from those of now.
    """

    commit: str
    files: dict[str, str] | None
    version: Version = field(default_factory=Version)
    causes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The commit as people write it."""
        return self.commit[:9]


class History:
    """The past of one project. Each commit is read once."""

    def __init__(self, project: Project) -> None:
        self.root = project.root
        self.fault = ""
        self._known: dict[tuple[str, Path, str | None, str | None], Past] = {}
        self.repository: Path | None = None
        try:
            self.repository = repository_of(project.root)
        except RevisionError as error:
            self.fault = str(error)

    def of(self, asked: Asked, paths: Sequence[Path]) -> list[Past]:
        """The last two commits that changed any of `paths`, the newest first; none where git knows none."""
        if self.repository is None:
            return []
        try:
            return [self._read(commit, asked) for commit in commits_of(self.repository, paths, 2)]
        except RevisionError as error:
            self.fault = str(error)
            return []

    def text(self, commit: str, path: Path) -> str | None:
        """A generated file as it is in a commit; None where it is not in it."""
        if self.repository is None or not path.resolve().is_relative_to(self.repository):
            return None
        return text_at(self.repository, commit, path.resolve().relative_to(self.repository))

    def _read(self, commit: str, asked: Asked) -> Past:
        key = (commit, asked.file, asked.pipeline, asked.target)
        if key not in self._known:
            assert self.repository is not None
            with checked_out(self.repository, commit, self.root) as root:
                self._known[key] = self._compiled(commit, root, asked)
        return self._known[key]

    def _compiled(self, commit: str, root: Path, asked: Asked) -> Past:
        past = Past(commit, None, causes=declaring_files(root, self.root))
        if not asked.file.is_relative_to(self.root):
            return past
        name = asked.file.relative_to(self.root).as_posix()
        project, faults = open_project(root, asked.stack)
        if any(one.is_error for one in faults) or not (root / name).is_file():
            past.version.broken[name] = faults[0].message if faults else "it is not there"
            return past
        words = dict(asked.words)
        config = words.get("config")
        if isinstance(config, str) and Path(config).resolve().is_relative_to(self.root):
            words["config"] = root / Path(config).resolve().relative_to(self.root)
        done = compile_file(
            root / name, asked.target, pipeline=asked.pipeline, project=project, stack=asked.stack, **words
        )
        errors = [one.message for one in done.diagnostics if one.is_error]
        if errors:
            past.version.broken[name] = errors[0]
            return past
        past.version.add(name, done.pipelines)
        past.files = {file.path: file.text for file in done.files}
        return past
