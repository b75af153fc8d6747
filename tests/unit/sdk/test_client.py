"""`Client()` is inert while modules are imported, and a use of what it gives names what was used."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from pipec.sdk import Client, ServerError


def test_chains_are_inert() -> None:
    tracker = Client(root="x").active_stack.experiment_tracker
    assert repr(tracker.name) == "<Client().active_stack.experiment_tracker.name>"
    artifact = Client().get_artifact_version("rows", version="2")
    assert (
        repr(artifact.run_metadata["n"].value)
        == "<Client().get_artifact_version('rows', version='2').run_metadata['n'].value>"
    )
    assert repr(Client().list_pipeline_runs(size=1)) == "<Client().list_pipeline_runs(size=1)>"
    assert tracker is not None
    assert not isinstance(tracker, str)


def test_a_component_of_the_stack_is_there() -> None:
    tracker = Client().active_stack.experiment_tracker
    assert tracker
    assert (tracker or None) is tracker


USES: dict[str, Callable[[Any], object]] = {
    "text": str,
    "format": lambda value: f"{value}",
    "number": float,
    "index": lambda value: "text"[value],
    "length": len,
    "loop": list,
    "membership": lambda value: 1 in value,
    "equality": lambda value: value == 1,
    "order": lambda value: value > 1,
    "sum": lambda value: value + 1,
    "path": open,
    "context": lambda value: value.__enter__(),
    "pickle": pickle.dumps,
    "copy": copy.copy,
}


@pytest.mark.parametrize("use", USES)
def test_a_use_names_what_was_used(use: str) -> None:
    value = Client().active_stack.artifact_store.path
    with pytest.raises(ServerError) as raised:
        USES[use](value)
    expected = "`Client().active_stack.artifact_store.path` is a value of a ZenML server, and pipec has none"
    assert str(raised.value) == expected


def test_truth_beyond_the_stack_is_a_use() -> None:
    with pytest.raises(ServerError, match=r"`Client\(\).list_pipeline_runs\(\)` is a value of a ZenML server"):
        bool(Client().list_pipeline_runs())


def test_json_refuses_it() -> None:
    with pytest.raises(TypeError, match="ServerValue is not JSON serializable"):
        json.dumps({"a": Client().active_user.name})
