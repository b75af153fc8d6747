"""`pipec debug STEP --run RUN`: one step of a recorded run again, under pdb, with its real inputs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pipec.runtime
from pipec.backends.local.commands.opened import CANNOT, NotThere, find_run, open_store
from pipec.backends.local.journal import StoreUnusable
from pipec.runtime.store import layout

if TYPE_CHECKING:
    import argparse

    from pipec.backends.local.commands.opened import Opened
    from pipec.runtime.store import Run

_SCRIPT = Path(__file__).parents[1] / "debugger.py"


def run(parsed: argparse.Namespace) -> int:
    """Carry it out; the status of the debugged process."""
    try:
        opened = open_store(parsed)
        found = _run_of(opened, parsed)
        document = _document(opened, found, parsed.step)
    except (NotThere, StoreUnusable) as problem:
        print(f"pipec: {problem}", file=sys.stderr)
        return CANNOT
    project = Path(str(found.facts.get("project") or opened.project))
    roots = found.facts.get("import_roots") or [str(project)]
    package = str(Path(next(iter(pipec.runtime.__path__))).parent)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        command = [sys.executable, str(_SCRIPT), package, json.dumps(roots), file.name]
        return subprocess.run(command, cwd=project, check=False).returncode


def _run_of(opened: Opened, parsed: argparse.Namespace) -> Run:
    if parsed.run_name is not None:
        return find_run(opened, parsed.run_name)
    runs = opened.store.runs.list()
    if not runs:
        raise NotThere("nothing was run here yet")
    return runs[0]


def _document(opened: Opened, found: Run, step: str) -> dict[str, Any]:
    """The invocation of the step's last attempt; of an engine's run, put together from its record."""
    folder = opened.folder / layout.run_folder(found.pipeline, found.run) / layout.file_name(step)
    kept = sorted(folder.glob("*.notes/invocation.json"), key=lambda path: int(path.parts[-2].partition(".")[0]))
    if kept:
        document: dict[str, Any] = json.loads(kept[-1].read_text(encoding="utf-8"))
        return document
    attempts = [each for each in opened.store.runs.attempts(found.pipeline, found.run) if each.instance == step]
    if not attempts:
        known = sorted({each.instance for each in opened.store.runs.attempts(found.pipeline, found.run)})
        raise NotThere(
            f"run `{found.run}` has no step `{step}` that ran" + (f"; it has {', '.join(known)}" if known else "")
        )
    record = attempts[-1].record or {}
    if "function" not in record:
        raise NotThere(f"run `{found.run}` has no record of `{step}` that says what it was given")
    slots = {
        name: {"artifact": opened.store.absolute(about["place"])} for name, about in record.get("inputs", {}).items()
    }
    return {
        **{
            "version": 1,
            "pipeline": found.pipeline,
            "run": found.run,
            "step": step.partition("@")[0],
            "instance": step,
        },
        **{"spec": {"function": record["function"], "values": record.get("parameters", {})}, "slots": slots},
        "artifact_root": opened.store.root,
    }
