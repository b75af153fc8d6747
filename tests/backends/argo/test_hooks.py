"""Hooks of the run and of steps, and the store, in the emitted files as the interpreter runs them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipec.backends.argo_interpreter import Run, submit
from pipec.compiler.driver import compile

PROGRAMS = Path(__file__).resolve().parent / "programs"


@cache
def text_of(name: str, root: str = "") -> str:
    options = {"artifact_root": root, "artifact_secret": "store"} if root else {}
    compilation = compile(PROGRAMS / f"{name}.py", "argo", options=options)
    assert compilation.files, [one.message for one in compilation.diagnostics]
    return compilation.files[0].text


def run(text: str, folder: Path, notes: Path, **arguments: Any) -> tuple[Run, list[str]]:
    notes.write_text("")
    done = submit(
        text,
        folder,
        {name: json.dumps(value) for name, value in arguments.items()},
        secrets={"store": {"STORE_KEY": "k"}},
        environment={"NOTES": str(notes)},
        uid=folder.name,
    )
    return done, notes.read_text().splitlines()


def test_hooks_of_a_run_that_succeeds(tmp_path: Path) -> None:
    done, notes = run(text_of("hooked"), tmp_path / "run", tmp_path / "notes")
    assert done.phase == "Succeeded"
    assert json.loads(done.outputs.parameters["texts"]) == '[2, {"base": 7}] [3, {"base": 7}]'
    assert notes == ["init 7", "step starts", "step starts", "success", "cleanup"]
    assert done.nodes["main.onExit.on-failure"].phase == "Skipped"
    assert "that does not change the run" in done.nodes["main.onExit.on-cleanup"].log


def test_hooks_of_a_run_that_fails_get_the_exception_in_its_own_class(tmp_path: Path) -> None:
    done, notes = run(text_of("hooked"), tmp_path / "run", tmp_path / "notes", sizes=[5, 1, 0])
    assert done.phase == "Failed"
    small = "1 {{workflow.name}} is too small"
    assert notes == [
        "init 7",
        "step starts",
        "step starts",
        f"step failed: {small}",
        "step starts",
        "step failed: 0 {{workflow.name}} is too small",
        f"failure TooSmall {small}",
        "cleanup",
    ]


def test_on_init_that_fails_runs_no_step(tmp_path: Path) -> None:
    text = text_of("hooked").replace('"values": {"base": 7}', '"values": {"base": -1}')
    done, notes = run(text, tmp_path / "run", tmp_path / "notes")
    assert (done.phase, notes) == ("Failed", ["init -1", "failure ValueError no base", "cleanup"])


def test_an_attempt_that_was_retried_with_success_is_no_failure(tmp_path: Path) -> None:
    done, notes = run(text_of("hooked_retries"), tmp_path / "run", tmp_path / "notes")
    assert done.phase == "Failed"
    assert notes == ["attempt", "attempt", "failure RuntimeError always"]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


def test_look_ups_names_models_and_the_cache_use_the_store(store: str, tmp_path: Path) -> None:
    text = text_of("stored", store)
    first, notes = run(text, tmp_path / "first", tmp_path / "notes")
    assert first.phase == "Succeeded", {name: node.log for name, node in first.nodes.items() if node.is_failed}
    assert notes == ["make", "copy", "each 0", "each 1"]
    second, notes = run(text, tmp_path / "second", tmp_path / "notes")
    assert second.phase == "Succeeded", {name: node.log for name, node in second.nodes.items() if node.is_failed}
    assert notes == [], "all is in the cache"
    assert second.outputs.parameters == first.outputs.parameters
    assert json.loads(first.outputs.parameters["text"]) == "[[0, 10], [1, 10]] 10"
    folders = {path.name for path in (tmp_path / "store" / "runs" / "stored").glob("*/*") if path.is_dir()}
    assert {"make", "copy", "each@0", "each@1"} <= folders
    assert [path.name for path in (tmp_path / "store/artifacts/base_copy").glob("*.json")] == ["1.json"]
    assert [path.name for path in (tmp_path / "store/models/stock").glob("*.json")] == ["1.json"]
