"""Gates run like any step, on a code root without any user code, and count without reading what they count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest

from pipec.runtime.artifacts import Workspace
from pipec.runtime.materializers import registry
from step_process import StepRunner

COUNT = {"indices": {"carrier": "artifact", "mirrored": True}, "count": {"carrier": "parameter"}}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> StepRunner:
    return StepRunner(tmp_path_factory.mktemp("gates"))


def count(runner: StepRunner, value: Any, place: Path) -> Any:
    """The exit status and what the gate of a loop over a stored list says."""
    workspace = Workspace()
    registry.store(value, str(place), workspace)
    workspace.close()
    files = {name: str(runner.folder / "out" / f"{name}.json") for name in COUNT}
    results = {
        "indices": {"artifact": str(place) + "-out", "parameter": files["indices"]},
        "count": {"parameter": files["count"]},
    }
    return lambda: runner.run(
        "pipec.runtime.gates:count",
        spec={"outputs": COUNT, "returns_tuple": True},
        slots={"items": {"artifact": str(place)}},
        results=results,
    )


def test_the_arm_of_a_condition(runner: StepRunner) -> None:
    pick = {"expr": ["if", {"expr": [">", {"slot": "score"}, {"const": 0.9}]}, {"const": 0}, {"const": 1}]}
    for score, arm in (("0.95", 0), ("0.5", 1)):
        ended = runner.run(
            "pipec.runtime.gates:arm",
            spec={"outputs": {"output": {"carrier": "parameter"}}, "compose": {"arm": pick}},
            slots={"score": {"json": score}},
            results={"output": {"parameter": str(runner.folder / "out/arm.json")}},
        )
        assert (ended.status, ended.err) == (0, "")
        assert runner.parameter("arm") == arm


@pytest.mark.parametrize("value", [[], [1], ["a", None, {"b": 2}], (1, 2), {"x": 1, "y": 2}, range(4)])
def test_how_many_there_are(runner: StepRunner, tmp_path: Path, value: Any) -> None:
    ended = count(runner, value, tmp_path / "items")()
    assert ended.status == 0, ended.err
    assert (runner.parameter("indices"), runner.parameter("count")) == (list(range(len(value))), len(value))


def test_items_that_lie_apart_are_not_read(runner: StepRunner, tmp_path: Path) -> None:
    run = count(runner, [pandas.DataFrame({"a": [number]}) for number in range(3)], tmp_path / "frames")
    for broken in (tmp_path / "frames/items").rglob("*.parquet"):
        broken.write_bytes(b"broken")
    ended = run()
    assert ended.status == 0, ended.err
    assert runner.parameter("count") == 3
    # The body of the loop reads its own item, and finds it broken.
    recipe = {"expr": ["index", {"slot": "all"}, {"slot": "number"}]}
    ended = runner.run(
        "pipec.runtime.gates:arm",
        spec={"outputs": {}, "compose": {"arm": recipe}},
        slots={"all": {"artifact": str(tmp_path / "frames")}, "number": {"json": "1"}},
    )
    assert ended.status == 3
    assert "`items/1/frame.parquet` has digest" in ended.err
