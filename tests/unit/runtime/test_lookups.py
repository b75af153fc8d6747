"""What one run registers, another one finds: artifacts, models, metadata, runs; in processes of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipec.runtime.client import ANSWERS
from pipec.runtime.store import Store
from pipec.sdk.client import METHODS
from step_process import Ended, StepRunner

STEPS = """
from __future__ import annotations

import pathlib
from typing import Any

from zenml import (
    Model, add_tags, get_step_context, link_artifact_to_model, load_artifact, log_metadata, log_model_metadata,
    register_artifact, remove_tags, save_artifact, step,
)
from zenml.client import Client

inert = Client().get_artifact_version("nothing")


@step
def make() -> dict:
    log_metadata({"auc": 0.9, "shape": (2, 3)}, infer_artifact=True)
    log_metadata({"seconds": 5})
    log_metadata({"rows": 10}, run_id_name_or_prefix=get_step_context().pipeline_run.id)
    add_tags("nightly")
    return {"a": 1}


@step
def save() -> str:
    first = save_artifact([1, 2], "list", tags=["t"], user_metadata={"n": 2})
    second = save_artifact({3}, "list", version="final")
    assert (first.version, second.version, second.load()) == ("1", "final", {3})
    log_metadata({"late": True}, artifact_name="list", artifact_version="1")
    add_tags(["u"], artifact_name="list", artifact_version="1")
    remove_tags("t", artifact_name="list", artifact_version="1")
    return first.id


@step
def read(value: Any, x: Any = None) -> list:
    return [value, x]


@step
def read_all() -> list:
    client = Client()
    one = client.get_artifact_version("list", version="1")
    assert load_artifact("list") == {3} == load_artifact("list", "final")
    return [one.load(), one.run_metadata, one.tags, [each.version for each in client.list_artifact_versions("list")]]


@step
def train() -> str:
    context = get_step_context()
    log_model_metadata({"auc": 0.8})
    link_artifact_to_model(save_artifact("report", "report"))
    log_metadata({"kind": "forest"}, infer_model=True)
    return f"{context.model.name} {context.model.number} {context.model.stage}"


@step
def promote(number: int) -> None:
    Model(name="churn", version=number).set_stage("production", force=True)


@step
def serve() -> list:
    model = get_step_context().model
    found = Client().get_model_version("churn", "production")
    linked = {name: found.load_artifact(name) for name in ("report", "p::train::output")}
    return [model.number, model.run_metadata, found.number, found.description, model.load_artifact("report"), linked]


@step
def runs() -> list:
    run = Client().get_pipeline_run("r1")
    steps = {name: [str(each.status), each.output.load(), each.run_metadata] for name, each in run.steps.items()}
    client = Client()
    again = client.get_run_step(f"{run.id}/make").name, client.get_pipeline("p").last_run.id
    return [run.name, str(run.status), run.tags, run.run_metadata, steps, list(again)]


@step
def others() -> None:
    log_metadata({"later": 1}, step_name="make", run_id_name_or_prefix="r1")
    add_tags("seen", run="r1")
    add_tags("team", pipeline="p")


@step
def existing(place: str) -> list:
    file = pathlib.Path(place)
    file.write_text("hello")
    found = register_artifact(place, "file", version=3)
    return [found.version, load_artifact("file").read_text()]


@step
def fails(what: str) -> None:
    context = get_step_context()
    match what:
        case "no artifact": load_artifact("nothing")
        case "no method": Client().delete_artifact("x")
        case "no keyword": Client().get_artifact_version("list", tag="x")
        case "inert": str(inert)
        case "no model": context.model
        case "outside": save_artifact(1, "x", uri="/somewhere/else")
        case "taken": save_artifact(1, "list", version="final")
        case "no file": register_artifact("/nowhere/at/all", "x")
        case "no model to link": link_artifact_to_model(Client().get_artifact_version("list"))
        case "no run": log_metadata({"a": 1}, run_id_name_or_prefix="zzz")
"""


class Runner:
    """Steps that share a store."""

    def __init__(self, folder: Path, scheme: str) -> None:
        self.steps = StepRunner(folder, steps=STEPS)
        self.root = f"{scheme}{folder}/store"
        self.store = Store(self.root)

    def run(self, name: str, run: str, *outputs: str, **entries: Any) -> Ended:
        """Run a step whose outputs lie in the store."""
        spec = {"outputs": {output: {"carrier": "artifact"} for output in outputs}, **entries.pop("spec", {})}
        results = {output: {"artifact": self.store.output("p", run, name, 1, output)} for output in outputs}
        start = "2026-01-31" if run == "r1" else f"2026-02-0{run[1:]}"
        root = {"artifact_root": self.root, "start_time": f"{start}T06:00:00+00:00", **entries}
        return self.steps.run(f"steps:{name}", step=name, run=run, spec=spec, results=results, **root)

    def value(self, name: str, run: str, **entries: Any) -> Any:
        """What a step returns."""
        ended = self.run(name, run, "output", **entries)
        assert (ended.status, ended.err) == (0, "")
        place = Path(self.store.output("p", run, name, 1, "output").removeprefix("local://"))
        return json.loads((place / "data.json").read_text())


@pytest.fixture(scope="module", params=["", "local://"], ids=["folder", "url"])
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A store in which a few runs have left what the tests look up: a folder, or the same behind fsspec."""
    runner = Runner(tmp_path_factory.mktemp("lookups"), request.param)
    registered = {"output": {"carrier": "artifact", "registered": {"name": "made_{date}", "tags": ["new"]}}}
    assert runner.run("make", "r1", "output", spec={"outputs": registered}).status == 0
    assert runner.value("save", "r1") == "list@1"
    churn = {"model": {"name": "churn", "description": "who leaves"}}
    assert runner.value("train", "r1", spec=churn) == "churn 1 None"
    assert runner.value("train", "r2", spec=churn) == "churn 2 None"
    assert runner.run("promote", "r2", spec={"values": {"number": 1}, "outputs": {}}).status == 0
    return runner


def lazy(runner: Runner, kind: str, run: str = "r9", **query: Any) -> Any:
    recipe = {"lazy": [kind, query]}
    return runner.value("read", run, spec={"compose": {"value": recipe}})[0]


def test_every_method_of_the_client_has_an_answer() -> None:
    assert tuple(ANSWERS) == METHODS


def test_a_named_output_is_registered(runner: Runner) -> None:
    found = runner.store.artifacts.get("made_2026_01_31")
    place = runner.store.output("p", "r1", "make", 1, "output")
    assert (found.version, found.place, found.tags) == ("1", place, ["new"])
    assert found.origin == {"pipeline": "p", "run": "r1", "instance": "make", "attempt": 1, "output": "output"}
    assert found.metadata == {"auc": 0.9, "shape": {"$pipec": ["tuple", [2, 3]]}}


def test_look_ups_of_the_body(runner: Runner) -> None:
    made = {"kind": "artifact", "name": "made_2026_01_31"}
    assert lazy(runner, "artifact", name="made_2026_01_31") == {"a": 1}
    assert lazy(runner, "artifact", name="list", version="1") == [1, 2]
    assert lazy(runner, "metadata", of=made, key="auc") == 0.9
    assert lazy(runner, "metadata", of=made, key="shape") == {"$pipec": ["tuple", [2, 3]]}
    assert lazy(runner, "artifact_attribute", of=made, attribute="version") == "1"
    assert lazy(runner, "model", model="churn", model_version="latest", attribute="number") == 2
    assert lazy(runner, "model", model="churn", model_version="production", attribute="stage") == "production"
    assert lazy(runner, "model_artifact", model="churn", model_version="production", name="report") == "report"
    of = {"kind": "model", "model": "churn", "model_version": 2}
    assert lazy(runner, "metadata", of=of, key="kind") == "forest"
    # Without a version, what the run itself has made.
    assert lazy(runner, "model", run="r1", model="churn", attribute="number") == 1


@pytest.mark.parametrize(
    ("kind", "query", "words"),
    [
        ("artifact", {"name": "x"}, "the look-up artifact(name='x') failed: there is no artifact `x`"),
        (
            "artifact",
            {"name": "list", "version": "9"},
            "the look-up artifact(name='list', version='9') failed: there is no artifact `list` with version `9`",
        ),
        (
            "metadata",
            {"of": {"kind": "artifact", "name": "list", "version": "1"}, "key": "x"},
            "`list@1` has no metadata `x`; there is `n`, `late`",
        ),
        ("model", {"model": "churn", "attribute": "color"}, "a version of a model has no `color`"),
        (
            "model_artifact",
            {"model": "churn", "model_version": "staging", "name": "report"},
            "there is no model `churn` with the version or stage `staging`",
        ),
    ],
)
def test_look_ups_that_find_nothing(runner: Runner, kind: str, query: dict[str, Any], words: str) -> None:
    ended = runner.run("read", "r9", "output", spec={"compose": {"value": {"lazy": [kind, query]}}})
    assert ended.status == 3
    assert words in ended.err


def test_without_a_store(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPEC_ARTIFACT_ROOT", raising=False)
    recipe = {"lazy": ["artifact", {"name": "list"}]}
    ended = runner.run("read", "r9", "output", spec={"compose": {"value": recipe}}, artifact_root=None)
    assert ended.status == 3
    assert (
        "the artifact `list` is in the store, and neither `artifact_root` nor PIPEC_ARTIFACT_ROOT says where"
        in ended.err
    )
    monkeypatch.setenv("PIPEC_ARTIFACT_ROOT", runner.root)
    assert runner.run("read", "r9", "output", spec={"compose": {"value": recipe}}, artifact_root=None).status == 0


def test_what_a_step_saves_another_reads(runner: Runner) -> None:
    expected = [[1, 2], {"n": 2, "late": True}, ["u"], ["final", "1"]]
    assert runner.value("read_all", "r9") == expected


def test_models(runner: Runner) -> None:
    spec = {"model": {"name": "churn", "version": "production"}}
    linked = {"report": "report", "p::train::output": "churn 1 None"}
    metadata = {"auc": 0.8, "kind": "forest"}
    assert runner.value("serve", "r9", spec=spec) == [1, metadata, 1, "who leaves", "report", linked]


def test_other_runs_and_steps(runner: Runner) -> None:
    assert runner.run("others", "r2", spec={"outputs": {}}).status == 0
    name, status, tags, metadata, steps, again = runner.value("runs", "r9")
    assert (name, status, sorted(tags), metadata) == ("r1", "running", ["nightly", "seen"], {"rows": 10})
    assert steps["make"] == ["completed", {"a": 1}, {"seconds": 5, "later": 1}]
    assert {"make", "save", "train"} <= set(steps)
    assert again == ["make", "r9"]
    assert runner.store.runs.pipeline_tags("p") == ["team"]


def test_a_file_that_no_step_has_written(runner: Runner, tmp_path: Path) -> None:
    value = runner.value("existing", "r9", spec={"values": {"place": str(tmp_path / "f.txt")}})
    assert value == ["3", "hello"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("no artifact", "KeyError: 'there is no artifact `nothing`'"),
        ("no method", "ServerError: Client() has no `delete_artifact` in a step"),
        ("no keyword", "TypeError: Client().get_artifact_version() has no keyword `tag` in pipec"),
        ("inert", "ServerError: `Client().get_artifact_version('nothing')` is a value of a ZenML server"),
        ("no model", "StepContextError: step `fails` has no model: neither it nor its pipeline names one"),
        ("outside", "ValueError: save_artifact(): `uri` '/somewhere/else' is outside of the artifact root"),
        ("taken", "the artifact `list` has a version `final` already"),
        ("no file", "FileNotFoundError: register_artifact(): there is nothing at /nowhere/at/all"),
        ("no model to link", "ValueError: link_artifact_to_model(): neither the step nor its pipeline names a model"),
        ("no run", "KeyError: 'there is no run `zzz`'"),
    ],
)
def test_what_a_step_cannot_have(runner: Runner, what: str, words: str) -> None:
    ended = runner.run("fails", "r9", spec={"values": {"what": what}, "outputs": {}})
    assert ended.status == 1
    assert words in ended.err


def test_bytes_that_are_gone(runner: Runner) -> None:
    spec = {"outputs": {"output": {"carrier": "artifact", "registered": {"name": "gone"}}}}
    assert runner.run("make", "r8", "output", spec=spec).status == 0
    place = runner.store.artifacts.get("gone").place
    shutil.rmtree(place.removeprefix("local://"))
    ended = runner.run("read", "r8", "output", spec={"compose": {"value": {"lazy": ["artifact", {"name": "gone"}]}}})
    assert ended.status == 3
    assert f"input `value`: the artifact `gone@1` of the store: no artifact at {place}: " in ended.err


def test_the_record_names_what_was_used(runner: Runner) -> None:
    recipe = {"lazy": ["artifact", {"name": "list", "version": "1"}]}
    ended = runner.run("read", "r9", "output", spec={"compose": {"value": recipe}, "values": {"x": 5}})
    assert (ended.record["state"], ended.record["lookups"]) == ("succeeded", ["list@1"])
    assert ended.record["parameters"] == {"value": [1, 2], "x": 5}
    attempt = next(each for each in runner.store.runs.attempts("p", "r9") if each.instance == "read")
    assert attempt.record == {key: value for key, value in ended.record.items() if key != "version"}
