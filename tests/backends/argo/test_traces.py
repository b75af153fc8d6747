"""What ran, what was skipped and what failed is the same as where the local executor runs the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argo_trace import trace
from local_runs import SourceProject
from pipec.backends.argo_interpreter import submit
from pipec.compiler.driver import compile

PROGRAMS = Path(__file__).resolve().parent / "programs"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("branches", {"seed": 5, "mode": "slow", "limit": 3}),
        ("loops", {"top": 0}),
        ("loops", {"kinds": []}),
        ("nested_loops", {"count": 0, "more": False}),
        ("nested", {}),
        ("failing", {}),
    ],
)
def test_traces_are_those_of_the_local_executor(name: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    file = PROGRAMS / f"{name}.py"
    text = compile(file, "argo").files[0].text
    run = submit(text, tmp_path / "argo", {key: json.dumps(value) for key, value in arguments.items()})
    (tmp_path / "local").mkdir()
    project = SourceProject(tmp_path / "local", file)
    local = project.run(arguments, use_cache=False, root=str(tmp_path / "store"))
    traced = trace(run, text)
    assert traced["state"] == local.state
    assert traced["operations"] == dict(local.operations)
    if local.state == "succeeded":
        assert traced["outputs"] == dict(local.outputs)
