"""How a run is asked for, where its store is, and why it may not start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipec.backends.local.processes import Surroundings
from pipec.backends.local.workers import HAS_FORK
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.project import Project
from pipec.compiler.record import dataclass, field
from pipec.runtime.places import is_url
from pipec.runtime.store import ROOT_VARIABLE, Run, Store

FOLDER = ".pipec"


class CannotRun(Exception):
    """The run cannot start; `diagnostics` say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(each.message for each in diagnostics))
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        import_roots: folders that the user's modules are imported from; by default the project root.
        root: artifact root, a folder or URL; by default `PIPEC_ARTIFACT_ROOT`, else `.pipec` in the project.
        jobs: most steps at once; by default as many as there are cores.
        use_cache: whether results of earlier runs may be taken.
        surroundings: environment, secrets, interpreters.
        source: `file.py:function`, for the record.
        resume: identity of the run to go on with.
        name: what the run is called; by default what the pipeline says, else its identity.
        tags: of this run, besides those of the pipeline.
        selected: ids of the calls to run; None for all.
        replaced: functions in place of steps, by name of the step or id of the call; they are called in this process.
        is_forking: whether steps are forked; by default where that can be done.
    """

    import_roots: tuple[Path, ...] = ()
    root: str | None = None
    jobs: int | None = None
    use_cache: bool = True
    surroundings: Surroundings = field(default_factory=Surroundings)
    source: str = ""
    resume: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    selected: frozenset[str] | None = None
    replaced: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Any])
    is_forking: bool = HAS_FORK


def root_of(project_root: Path, given: str | None) -> str:
    """The artifact root of a project."""
    return given or os.environ.get(ROOT_VARIABLE) or str(project_root / FOLDER)


def artifact_root(project: Project) -> str | None:
    """The artifact root that the project, or its chosen stack, names; a folder from the project's root."""
    place = project.artifact_root
    return place if place is None or is_url(place) else str(project.root / place)


def local_folder(project_root: Path, root: str) -> Path:
    """Where journal, logs and documents lie: the artifact root, where it is a folder."""
    return project_root / FOLDER if is_url(root) else Path(root)


def find_run(store: Store, name: str, pipeline: str | None = None) -> Run:
    """A run by its identity, or the beginning of one.

    Raises:
        CannotRun: when there is none, or several.
    """
    try:
        return store.runs.find(name, pipeline)
    except KeyError as problem:
        message = str(problem.args[0]) + (f" of `{pipeline}`" if pipeline else "")
        raise CannotRun(Diagnostic("PC0706", message, help="`pipec runs list` names them")) from None
