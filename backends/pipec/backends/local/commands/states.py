"""How the instances of a run ended, for pictures of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.local.journal import Journal
from pipec.backends.local.options import artifact_root, local_folder, root_of
from pipec.compiler.diagnostics import Diagnostic
from pipec.runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.backend import Program

LATEST = "latest"


def states_of(program: Program, run: str, root: str | None) -> tuple[str, Mapping[str, str]] | Diagnostic:
    """See `pipec.compiler.backend.Executor.states`."""
    project = program.project
    place = root_of(project.root, root or artifact_root(project))
    store = Store(place)
    pipeline = program.pipeline.name
    if run == LATEST:
        runs = store.runs.list(pipeline)
        if not runs:
            message = f"the pipeline `{pipeline}` has no run in the store"
            return Diagnostic("PC0706", message, help=f"make one: `pipec run {program.source}`")
        found = runs[0]
    else:
        try:
            found = store.runs.find(run, pipeline)
        except KeyError as problem:
            help_ = "`pipec runs` lists them; `latest` is the newest of the pipeline"
            return Diagnostic("PC0706", str(problem.args[0]), help=help_)
    states = dict(found.operations)
    folder = local_folder(project.root, place)
    if (folder / "journal.sqlite").exists():
        states |= {name: entry.state for name, entry in Journal(folder).entries(found.run).items()}
    for attempt in store.runs.attempts(found.pipeline, found.run):
        states.setdefault(attempt.instance, str((attempt.record or attempt.error or {}).get("state", "failed")))
    return found.run, states
