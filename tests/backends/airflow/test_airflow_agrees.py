"""The programs that every target runs: on Airflow their outputs are those of plain Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines import DagCase
from oracle import plain_outputs
from pipec.backends.airflow.names import xcom_key
from pipec.compiler import compile as compile_file
from pipec.compiler.emit import plan, write
from pipec.compiler.ir.values import Output

if TYPE_CHECKING:
    from engines import Airflow, DagRun
    from pipec.compiler import Compilation

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE.parent / "argo" / "programs"
EXAMPLES = HERE.parents[2] / "examples"
RUNS = {
    "alike": {},
    "computed": {},
    "expressions": {"name": "{{ 1 }}", "items": [5], "maybe": 4},
    "frames": {},
    "gathered": {},
    "hostile": {},
    "nested": {},
    "ordered": {},
    "outputs": {},
    "structured": {"rates": [2.5], "maybe": 3},
}
"""Programs that run to their end, each with the parameters of the run."""


@dataclass(frozen=True)
class Written:
    """A program, compiled into a folder of its own."""

    folder: Path
    compilation: Compilation

    @property
    def dag_id(self) -> str:
        return self.compilation.files[0].path.removesuffix(".py")


def compile_into(file: Path, folder: Path) -> Written:
    compilation = compile_file(file, "airflow")
    assert compilation.files, [one.message for one in compilation.diagnostics]
    write(plan(folder, compilation.files))
    return Written(folder, compilation)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """Every program that compiles."""
    folder = tmp_path_factory.mktemp("dags")
    names = [*RUNS, "failing", "retried"]
    return {name: compile_into(PROGRAMS / f"{name}.py", folder / name) for name in names}


def parameters(name: str, folder: Path) -> dict[str, Any]:
    """What a run of the program is given; programs that write a file get one of their own."""
    paths = {"ordered": folder / "ordered.txt", "retried": folder / "retried.txt"}
    return {**RUNS.get(name, {}), **({"path": str(paths[name])} if name in paths else {})}


@pytest.fixture(scope="session")
def runs(airflow: Airflow, written: dict[str, Written], tmp_path_factory: pytest.TempPathFactory) -> dict[str, DagRun]:
    """Every program, run once by `dag.test()`."""
    homes = tmp_path_factory.mktemp("homes")
    names = [*RUNS, "failing", "retried"]
    cases = [
        DagCase(written[name].folder, written[name].dag_id, conf=parameters(name, homes), home=homes / name)
        for name in names
    ]
    return dict(zip(names, airflow.run(cases), strict=True))


@pytest.mark.parametrize("name", RUNS)
def test_outputs_are_those_of_plain_python(
    name: str, written: dict[str, Written], runs: dict[str, DagRun], tmp_path: Path
) -> None:
    run, (pipeline,) = runs[name], written[name].compilation.pipelines
    assert run.state == "success", run.log
    assert set(run.states.values()) == {"success"}
    function = pipeline.symbol.rpartition(":")[2]
    expected = plain_outputs(PROGRAMS / f"{name}.py", function, len(pipeline.outputs), parameters(name, tmp_path))
    assert [output_of(run, written[name], one.value) for one in pipeline.outputs] == expected


def output_of(run: DagRun, program: Written, value: Any) -> Any:
    """The value of a pipeline output, from the XCom of the step that makes it."""
    from pipec.compiler.ir.model import Group
    from pipec.compiler.ir.walk import operations

    (pipeline,) = program.compilation.pipelines
    by_id = {one.id: one for one in operations(pipeline.body)}
    assert isinstance(value, Output)
    producer = by_id[value.operation]
    while isinstance(producer, Group):
        inner = producer.results[value.name]
        assert isinstance(inner, Output)
        value, producer = inner, by_id[inner.operation]
    reference = json.loads(run.xcoms[value.operation][xcom_key(value.name)])
    if not isinstance(reference, dict) or "artifact" not in reference:
        return reference
    if "value" in reference:
        return json.loads(reference["value"])
    return json.loads((Path(reference["artifact"]) / "data.json").read_text(encoding="utf-8"))


def test_a_failing_step_fails_what_depends_on_it(runs: dict[str, DagRun]) -> None:
    run = runs["failing"]
    assert run.state == "failed"
    assert "failed" in run.states.values()
    assert "upstream_failed" in run.states.values()


def test_retries_run_the_step_again(runs: dict[str, DagRun]) -> None:
    """It fails twice and succeeds the third time; its result is that of the third."""
    run = runs["retried"]
    assert (run.state, run.tries["flaky"]) == ("success", 3)
