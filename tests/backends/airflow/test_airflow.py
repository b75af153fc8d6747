"""DAG files: their text, what Airflow says of them, and what comes out when Airflow runs them."""

from __future__ import annotations

import json
import subprocess
import sys
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
    from collections.abc import Callable

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

REFUSED = {"scheduled": "schedule", "settings": "CPU requests"}


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


@pytest.mark.parametrize("name", ["gathered", "hostile", "nested", "outputs", "structured", "retried"])
def test_text(name: str, written: dict[str, Written], golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "golden" / f"{name}.py", written[name].compilation.files[0].text)


def test_formatters_and_linters_find_nothing(written: dict[str, Written]) -> None:
    """Ruff's formatter and Airflow rules at their defaults: what a reviewer's CI would run."""
    files = [str(one.folder / one.compilation.files[0].path) for one in written.values()]
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--isolated", "--check"], ["check", "--isolated", "--select", "AIR,F,E9", "--preview"]):
        done = subprocess.run([*ruff, *command, *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_airflow_imports_every_file(airflow: Airflow, written: dict[str, Written]) -> None:
    """No error, no deprecation, and the same serialised form under two hash seeds."""
    files = [one.folder / one.compilation.files[0].path for one in written.values()]
    first, second = airflow.check(files, hash_seed="1"), airflow.check(files, hash_seed="2")
    for verdict in first:
        assert (verdict.errors, verdict.warnings) == ((), ()), verdict.path
        assert len(verdict.tasks) == 1
    assert [one.serialized for one in first] == [one.serialized for one in second]


def test_airflow_passes_over_the_code_folder(airflow: Airflow, written: dict[str, Written]) -> None:
    """The whole folder has one DAG: what lies in `<name>.pipec/` is never imported at parse."""
    (verdict,) = airflow.check([written["nested"].folder])
    assert (verdict.errors, len(verdict.tasks)) == ((), 1)


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
    assert (run.state, run.tries) == ("success", {"flaky": 3})


@pytest.mark.parametrize("name", ["settings"])
def test_what_airflow_cannot_do_is_refused_at_its_line(name: str) -> None:
    compilation = compile_file(PROGRAMS / f"{name}.py", "airflow")
    assert compilation.files == ()
    refused = [one for one in compilation.diagnostics if one.code == "PC0401"]
    assert REFUSED[name] in "".join(one.message for one in refused)
    assert all(one.span is not None for one in refused)


def test_parameters_are_checked_before_anything_runs(airflow: Airflow, written: dict[str, Written]) -> None:
    program = written["structured"]
    (run,) = airflow.run([DagCase(program.folder, program.dag_id, conf={"kind": "c"})])
    assert run.state is None
    assert "kind" in (run.error or "")
    assert not run.states


def test_the_ledger_says_something_of_every_feature() -> None:
    from pipec.backends.airflow import backend
    from pipec.compiler.ir.features import Feature

    assert set(backend.ledger) == set(Feature)
    assert all(row.note for row in backend.ledger.values() if row.support in {"refused", "ignored", "emulated"})
