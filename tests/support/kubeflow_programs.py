"""The conformance suite on Kubeflow's local runner: what its report says of the steps of a pipeline."""

from __future__ import annotations

import json
import urllib.parse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from conformance import FOLDER, Trace, noted
from engines import SpecCase
from pipec.backends.kubeflow.parameters import native_type
from pipec.compiler.driver import compile
from pipec.compiler.frontend.graph import CHECK
from pipec.compiler.ir.walk import calls
from pipec.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance import Program, Run
    from engines import SpecRun
    from pipec.compiler.ir.model import Pipeline


class Prepared:
    """A run of a program that is ready for the runner, in a folder of its own."""

    def __init__(self, program: Program, run: Run, folder: Path) -> None:
        """Compiles; what needs a store gets one."""
        self.folder = folder / "given"
        self.folder.mkdir(parents=True)
        options = {"artifact_root": str(folder / "store")}
        compilation = compile(program.file, "kubeflow")
        if any(each.code == "PC0430" for each in compilation.diagnostics):
            compilation = compile(program.file, "kubeflow", options=options)
        errors = [each for each in compilation.diagnostics if each.is_error]
        self.refused = ", ".join(f"{each.code} {each.message}" for each in errors)
        if errors:
            return
        (self.pipeline,), self.text = compilation.pipelines, compilation.files[0].text
        spec = folder / "spec.yaml"
        spec.write_text(self.text, encoding="utf-8")
        arguments = typed(self.pipeline, run.values(self.folder))
        self.case = SpecCase(spec, arguments, {FOLDER: str(self.folder)}, folder / "home")

    def trace(self, run: SpecRun) -> Trace:
        """What ran and what failed; the runner does not say why something did not run."""
        if run.state is None:
            return Trace("failed")
        ran, failed = counts(self.pipeline, self.text, run)
        outputs = {name: value_of(value) for name, value in run.outputs.items()}
        state = {"success": "succeeded"}.get(run.state, run.state)
        return Trace(state, ran, {}, failed, {}, outputs, noted(self.folder))


def typed(pipeline: Pipeline, values: Mapping[str, Any]) -> dict[str, Any]:
    """Run parameters as Kubeflow takes them: what may be None is canonical text there."""
    types = {parameter.name: native_type(parameter) for parameter in pipeline.parameters}
    found: dict[str, Any] = {}
    for name, value in values.items():
        type_ = types.get(name, "")
        # The client takes no int for a double, which all numbers are to the API.
        is_whole = type_ == "NUMBER_DOUBLE" and type(value) is int
        found[name] = codec.dumps(value) if type_ is None else float(value) if is_whole else value
    return found


def counts(pipeline: Pipeline, text: str, run: SpecRun) -> tuple[dict[str, int], dict[str, int]]:
    """How many calls of each step succeeded, and how many failed in the end: blank iterations and gates aside."""
    spec = next(yaml.safe_load_all(text))
    names = {call.id: pipeline.steps[call.step].name for call in calls(pipeline.body)}
    executors = spec["deploymentSpec"]["executors"]
    ended: dict[tuple[str, tuple[int, ...]], str] = {}
    for task in run.tasks:
        label = spec["components"][task.component]["executorLabel"]
        document = json.loads(executors[label]["container"]["args"][1])
        indices = tuple(int(task.arguments[key]) for key in document.get("loops", []))
        if document.get("step") in names and -1 not in indices:
            ended[document["step"], indices] = task.state
    found: dict[str, Counter[str]] = {"success": Counter(), "failed": Counter(), "error": Counter()}
    checks = {call.id for call in calls(pipeline.body) if call.step == CHECK}
    for (call, _), state in ended.items():
        if call in checks and state == "success":
            continue
        found[state][names[call]] += 1
    return dict(found["success"]), dict(found["failed"] + found["error"])


def value_of(output: Any) -> Any:
    """The value of an output of the root: canonical text, or an artifact of JSON."""
    if isinstance(output, dict):
        folder = Path(urllib.parse.unquote(output["uri"]))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (file,) = manifest["files"]
        return codec.loads((folder / file).read_text(encoding="utf-8"))
    return codec.loads(output)
