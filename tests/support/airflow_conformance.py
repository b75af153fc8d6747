"""The conformance suite on Airflow: what its task instances and the run's record say of the steps of a pipeline."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance import FOLDER, Trace, noted, tally
from engines import DagCase
from pipec.compiler.driver import compile
from pipec.compiler.ir import walk
from pipec.compiler.ir.model import ForEach
from pipec.runtime import codec
from pipec.runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance import Program, Run
    from engines import DagRun

_STATES = {"success": "succeeded", "failed": "failed", "skipped": "skipped", "upstream_failed": "upstream_failed"}


class Prepared:
    """A run of a program that is ready for Airflow, in a folder of its own."""

    def __init__(self, program: Program, run: Run, folder: Path, given: Path | None = None) -> None:
        """Compiles; `given` is the folder that the steps may write to."""
        self.folder, self._store = given or folder / "given", folder / "store"
        self.folder.mkdir(parents=True)
        compilation = compile(program.file, "airflow")
        errors = [each for each in compilation.diagnostics if each.is_error]
        self.refused = ", ".join(f"{each.code} {each.message}" for each in errors)
        if errors:
            return
        (self.pipeline,) = compilation.pipelines
        dags = folder / "dags"
        for file in compilation.files:
            place = dags / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text, encoding="utf-8")
        (about,) = [file.text for file in compilation.files if file.path.endswith("/pipec/airflow.json")]
        self._tasks: Mapping[str, Mapping[str, Any]] = json.loads(about)["tasks"]
        environment = {FOLDER: str(self.folder), "PIPEC_ARTIFACT_ROOT": str(self._store)}
        self.case = DagCase(
            dags, self.pipeline.name, conf=run.values(self.folder), environment=environment, timeout=900.0
        )

    def trace(self, run: DagRun) -> Trace:
        """What each task ended as; the outputs are those of the run's record."""
        if run.state is None:
            return Trace("failed")
        operations: dict[str, str] = {}
        loops = {
            call.id: loop.id
            for loop in walk.operations(self.pipeline.body)
            if isinstance(loop, ForEach)
            for call in walk.calls(loop.body)
        }
        for place, state in run.states.items():
            task, index = (place, "") if isinstance(place, str) else (place[0], f"@{place[1]}")
            about = self._tasks.get(task, {})
            operation = about.get("operation", task)
            if not index and operation in loops:
                # Airflow has a skipped instance without an index where the list of a loop is empty: no iteration.
                lister = about.get("indices", f"{loops[operation]}_gate")
                if run.xcoms.get(lister) == []:
                    continue
            operations[f"{operation}{index}"] = _STATES.get(state or "", "not_run")
        state = {"success": "succeeded"}.get(run.state, run.state)
        return replace(tally(self.pipeline, operations), state=state, outputs=self._outputs(), notes=noted(self.folder))

    def _outputs(self) -> dict[str, Any]:
        """Of the one run in the store; a pipeline that returns nothing has no record."""
        outputs = [run.outputs for run in Store(str(self._store)).runs.list(self.pipeline.name)]
        return {name: self._value(output) for one in outputs for name, output in one.items()}

    def _value(self, output: Any) -> Any:
        """The value of a recorded output: itself, or an artifact of JSON."""
        if not (isinstance(output, dict) and "artifact" in output):
            return codec.decode(output)
        folder = self._store / output["artifact"]
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (file,) = manifest["files"]
        return codec.loads((folder / file).read_text(encoding="utf-8"))
