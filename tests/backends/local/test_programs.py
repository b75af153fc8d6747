"""Programs that the tests of other targets compile: their graphs hold together, and their outputs are those of plain Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_runs import SourceProject
from oracle import plain_outputs
from pipec.backends.local import stubs
from pipec.compiler.diagnostics import has_errors
from pipec.compiler.driver import compile as compile_file

BACKENDS = Path(__file__).parents[1]
PROGRAMS = sorted(
    path for target in ("airflow", "argo", "kubeflow") for path in (BACKENDS / target / "programs").glob("*.py")
)
RUNS: dict[str, dict[str, Any]] = {
    "alike": {},
    "computed": {},
    "expressions": {"name": "{{ 1 }}", "items": [5], "maybe": 4},
    "frames": {},
    "gathered": {},
    "hostile": {},
    "nested": {},
    "outputs": {},
    "structured": {"rates": [2.5], "maybe": 3},
}
"""Those of argo's programs that run to their end, each with parameters."""


@pytest.mark.parametrize("file", PROGRAMS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_graphs_run_without_their_steps(file: Path) -> None:
    compilation = compile_file(file, None)
    if has_errors(compilation.diagnostics):
        pytest.skip("it does not compile")
    for pipeline in compilation.pipelines:
        result = stubs.run(pipeline, {})
        assert result.state == "succeeded", result.failures
        assert set(result.operations.values()) <= {"succeeded", "skipped"}


@pytest.mark.parametrize("name", RUNS)
def test_outputs_are_those_of_plain_python(name: str, tmp_path: Path) -> None:
    file = BACKENDS / "argo/programs" / f"{name}.py"
    project = SourceProject(tmp_path, file)
    (pipeline,) = project.compile().pipelines
    result = project.run(RUNS[name])
    assert result.state == "succeeded", result.failures
    expected = plain_outputs(file, pipeline.symbol.rpartition(":")[2], len(pipeline.outputs), RUNS[name])
    assert not result.stored
    assert json.loads(json.dumps([result.outputs[each.name] for each in pipeline.outputs])) == expected
