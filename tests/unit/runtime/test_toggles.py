"""What a materializer of the user says and draws of a value, and the switches for both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step_process import StepRunner

STEPS = """
from pathlib import Path
from typing import Annotated

import numpy
from zenml import get_step_context, log_metadata, step
from zenml.enums import VisualizationType
from zenml.materializers import BaseMaterializer


class Table:
    def __init__(self, rows):
        self.rows = rows


class TableMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Table,)

    def save(self, data):
        (Path(self.uri) / "rows.txt").write_text("\\n".join(data.rows))

    def load(self, data_type):
        return data_type((Path(self.uri) / "rows.txt").read_text().split("\\n"))

    def extract_metadata(self, data):
        return {"rows": len(data.rows), "kind": "table"}

    def save_visualizations(self, data):
        path = Path(self.uri) / "table.html"
        path.write_text("<table>")
        return {str(path): VisualizationType.HTML}


class Outside(TableMaterializer):
    ASSOCIATED_TYPES = (Table,)
    SKIP_REGISTRATION = True

    def save_visualizations(self, data):
        return {"/etc/hosts": VisualizationType.HTML}


@step
def make() -> Table:
    log_metadata({"kind": "own"}, infer_artifact=True)
    return Table(["a", "b"])

@step
def array() -> numpy.ndarray:
    return numpy.zeros((2, 3))

@step
def read(table: Table) -> list:
    return table.rows
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> StepRunner:
    return StepRunner(tmp_path_factory.mktemp("toggles"), steps=STEPS)


def manifest(runner: StepRunner, function: str, *off: str, **output: Any) -> dict[str, Any]:
    spec = {"off": list(off), "outputs": {"output": {"carrier": "artifact", **output}}}
    ended = runner.run(f"steps:{function}", "output", spec=spec)
    assert (ended.status, ended.err) == (0, "")
    found: dict[str, Any] = json.loads((runner.place("output") / "manifest.json").read_text())
    return found


def test_what_is_said_and_drawn(runner: StepRunner) -> None:
    found = manifest(runner, "make")
    assert found["metadata"] == {"rows": 2, "kind": "own"}
    assert found["visualizations"] == {"content/table.html": "html"}
    assert sorted(found["files"]) == ["content/rows.txt", "content/table.html"]
    assert runner.run("steps:read", "output", slots={"table": {"artifact": str(runner.place("output"))}}).status == 0


def test_the_switches(runner: StepRunner) -> None:
    found = manifest(runner, "make", "enable_artifact_metadata", "enable_artifact_visualization")
    # What the step itself records is no business of the switch.
    assert (found["metadata"], "visualizations" in found) == ({"kind": "own"}, False)
    assert sorted(found["files"]) == ["content/rows.txt"]
    assert manifest(runner, "array")["metadata"] == {"shape": {"$pipec": ["tuple", [2, 3]]}, "dtype": "float64"}
    assert manifest(runner, "array", "enable_artifact_metadata")["metadata"] == {}


def test_a_drawing_outside_of_the_artifact(runner: StepRunner) -> None:
    spec = {"outputs": {"output": {"carrier": "artifact", "materializer": "steps:Outside"}}}
    ended = runner.run("steps:make", "output", spec=spec)
    assert ended.status == 4
    assert "output `output` could not be stored: ValueError: " in ended.err
    assert not list(Path(runner.place("output")).parent.glob(".output*"))
