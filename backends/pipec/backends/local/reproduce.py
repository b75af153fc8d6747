"""`--reproduce RUN`: the same program with the same inputs again, and whether the same comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.local.options import CannotRun, find_run, local_folder, root_of
from pipec.backends.local.run import PROGRAM
from pipec.backends.local.run import run as run_pipeline
from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.ir.json import read
from pipec.compiler.record import replace
from pipec.runtime import codec
from pipec.runtime.store import Run, Store, layout

if TYPE_CHECKING:
    from pipec.backends.local.options import Options
    from pipec.backends.local.recorder import Reporter
    from pipec.backends.local.result import RunResult
    from pipec.compiler.ir.model import Pipeline


def reproduce(project_root: Path, name: str, options: Options, reporter: Reporter | None) -> tuple[Run, RunResult]:
    """Run the recorded program of a run, with the code that it had then.

    Returns:
        The recorded run, and how the new one ended.

    Raises:
        CannotRun: there is no such run, or its program was not kept.
    """
    root = root_of(project_root, options.root)
    before = find_run(Store(root), name)
    folder = local_folder(project_root, root) / layout.run_folder(before.pipeline, before.run)
    pipeline = _program(folder / PROGRAM, before)
    code = folder / "code.notes"
    unpack(pipeline, code)
    parameters = {name: codec.decode(value) for name, value in before.parameters.items()}
    # Data files, and what the program imports in ways that only a run sees, are still the project's.
    roots = (code, *(options.import_roots or (project_root,)))
    again = replace(options, import_roots=roots, use_cache=False, resume=None)
    return before, run_pipeline(pipeline, project_root, parameters, options=again, reporter=reporter)


def _program(path: Path, before: Run) -> Pipeline:
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        help_ = "only runs of this machine keep theirs"
        raise CannotRun(Diagnostic("PC0706", f"the program of run `{before.run}` was not kept", help=help_)) from None
    pipeline, found = read(text, path.name)
    if pipeline is None or has_errors(found):
        raise CannotRun(*found)
    return pipeline


def unpack(pipeline: Pipeline, folder: Path) -> None:
    """Write the modules that travel with a program."""
    for file in pipeline.code:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def differences(project_root: Path, before: Run, result: RunResult, options: Options) -> list[str]:
    """What came out otherwise: states of instances, digests of outputs, in the order of the first run."""
    store = Store(root_of(project_root, options.root))
    found = [
        f"`{name}` was {state}, now {result.operations.get(name, 'not there')}"
        for name, state in before.operations.items()
        if _kind(state) != _kind(result.operations.get(name, ""))
    ]
    first, second = _digests(store, before.pipeline, before.run), _digests(store, before.pipeline, result.run)
    for key, digest in first.items():
        if second.get(key, digest) != digest:
            found.append(f"output `{key[1]}` of `{key[0]}`: {digest[:19]}, now {second[key][:19]}")
    now = store.runs.get(before.pipeline, result.run)
    for name, value in before.outputs.items():
        again = None if now is None else now.outputs.get(name)
        if not isinstance(value, dict) and codec.text(value) != codec.text(again):
            found.append(f"output `{name}` of the pipeline: {codec.text(value):.60}, now {codec.text(again):.60}")
    return found


def _kind(state: str) -> str:
    return "succeeded" if state == "cached" else state


def _digests(store: Store, pipeline: str, run: str) -> dict[tuple[str, str], str]:
    return {
        (attempt.instance, output): str(about["digest"])
        for attempt in store.runs.attempts(pipeline, run)
        if attempt.record is not None
        for output, about in attempt.record.get("outputs", {}).items()
    }
