"""The conformance suite, compiled for Argo and run by the interpreter of the emitted YAML: the same traces as everywhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from argo_trace import trace
from conformance import FOLDER, NAMES, PROGRAMS, Trace, noted, program, tally
from pipec.backends.argo.names import parameter
from pipec.backends.argo_interpreter import Broken, submit
from pipec.compiler.driver import Compilation, compile
from pipec.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance import Program
    from pipec.backends.argo_interpreter import Run
    from pipec.compiler.ir.model import Pipeline

CHOSEN = [
    name for name in NAMES if not {"", "argo"} & set(program(name).refused) and "argo" not in program(name).differs
]
RUNS = [pytest.param(name, index, id=f"{name} {index}") for name in CHOSEN for index in range(len(program(name).runs))]


@cache
def compiled_for_argo(name: str, root: str) -> Compilation:
    """The program compiled; what needs a store gets the one at `root`."""
    compilation = compile(PROGRAMS / f"{name}.py", "argo")
    if any(each.code == "PC0430" for each in compilation.diagnostics):
        return compile(PROGRAMS / f"{name}.py", "argo", options={"artifact_root": root})
    return compilation


class Argo:
    """The interpreter, each container a process of this machine."""

    def __init__(self, folder: Path) -> None:
        """`folder` is empty: pods, artifacts and the store lie there."""
        self.folder = folder
        self.log = ""

    def run(self, program: Program, pipeline: Pipeline, parameters: Mapping[str, Any], folder: Path) -> Trace:
        text = compiled_for_argo(program.name, str(self.folder / "store")).files[0].text
        # Canonical text: Argo would take `{{…}}` in it for its own.
        given = {name: codec.dumps(value) for name, value in parameters.items()}
        try:
            run = submit(text, self.folder / "run", given, environment={FOLDER: str(folder)})
        except Broken as fault:
            self.log = str(fault)
            return Trace("failed")
        self.log = "\n".join(f"{name} {one.phase} {one.message} {one.log[-1500:]}" for name, one in run.nodes.items())
        told = trace(run, text)
        outputs = outputs_of(run, pipeline)
        return replace(tally(pipeline, told["operations"]), state=told["state"], outputs=outputs, notes=noted(folder))


def outputs_of(run: Run, pipeline: Pipeline) -> dict[str, Any]:
    """The outputs of the run: parameters, or artifacts of one JSON file."""
    found: dict[str, Any] = {}
    for output in pipeline.outputs:
        name = parameter(output.name)
        if name in run.outputs.parameters:
            found[output.name] = codec.loads(run.outputs.parameters[name])
        elif name in run.outputs.artifacts:
            found[output.name] = value_in(run.artifact(name))
    return found


def value_in(folder: Path) -> Any:
    (file,) = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    return codec.loads((folder / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "index"), RUNS)
def test_argo_agrees(name: str, index: int, tmp_path: Path) -> None:
    this, run = program(name), program(name).runs[index]
    given = tmp_path / "given"
    given.mkdir()
    compilation = compiled_for_argo(name, str(tmp_path / "store"))
    assert not [one.message for one in compilation.diagnostics if one.is_error]
    (pipeline,) = compilation.pipelines
    argo = Argo(tmp_path)
    told = argo.run(this, pipeline, run.values(given), given)
    if run.is_checked:
        assert (told.state, dict(told.ran)) == ("failed", {}), argo.log
        return
    # A run that failed has no outputs in Argo.
    wanted = replace(run.expected, outputs={}) if run.expected.state == "failed" else run.expected
    assert str(shown(told)) == str(shown(wanted)), argo.log


@pytest.mark.parametrize("name", [name for name in NAMES if "argo" in program(name).refused])
def test_what_argo_refuses(name: str, tmp_path: Path) -> None:
    errors = [one for one in compiled_for_argo(name, str(tmp_path)).diagnostics if one.is_error]
    assert ", ".join(f"{one.code} {one.message}" for one in errors) == program(name).refused["argo"]


def shown(told: Trace) -> Trace:
    """The trace with its outputs as JSON has them: a tuple is a list."""
    return replace(told, outputs=json.loads(json.dumps(dict(told.outputs))))
