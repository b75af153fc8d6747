"""A result is reused where everything that it depends on is the same, and a miss says what is not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipec.runtime.store import Store
from step_process import Ended, StepRunner

STEPS = """
from __future__ import annotations

import os
from typing import Any

from zenml import get_step_context, log_metadata, step


@step
def make(n: int = 1) -> list:
    print("ran", flush=True)
    return list(range(n))

@step
def use(data: Any = None, lr: float = 0.1, stamp: str = "", x: Any = None) -> tuple[dict, int]:
    print("ran", flush=True)
    log_metadata({"auc": 0.9}, infer_artifact=True, artifact_name="report")
    log_metadata({"seconds": 3})
    log_metadata({"best": 1}, run_id_name_or_prefix=get_step_context().pipeline_run.id)
    try:
        log_metadata({"kind": "tree"}, infer_model=True)
    except ValueError:
        pass  # it has no model
    return {"lr": lr}, 7

@step
def fails() -> int:
    print("ran", flush=True)
    raise ValueError

def raises() -> str:
    return str(1 / 0)

def version() -> str:
    return os.environ.get("DATA_VERSION", "1")

def started():
    print("hook", flush=True)
"""


class Runner:
    """Runs of `use` in one store."""

    def __init__(self, folder: Path) -> None:
        self.steps = StepRunner(folder, steps=STEPS)
        self.folder, self.store = folder, Store(str(folder / "store"))
        self.count = 0

    def data(self, n: int) -> dict[str, str]:
        """An artifact of its own place, whose content depends on `n`."""
        self.count += 1
        place = str(self.folder / f"data{self.count}")
        assert (
            self.steps.run(
                "steps:make", "output", spec={"values": {"n": n}}, results={"output": {"artifact": place}}
            ).status
            == 0
        )
        return {"artifact": place}

    def use(self, run: str, *, cache: dict[str, Any] | None = None, step: str = "use", **entries: Any) -> Ended:
        """Run the step in a run of its own."""
        outputs = {"report": {"carrier": "artifact", "mirrored": True}, "n": {"carrier": "parameter"}}
        spec = {
            "cache": {"digest": "sha256:code", **(cache or {})},
            "outputs": outputs,
            "returns_tuple": True,
            "hooks": {"on_start": {"function": "steps:started"}},
            **entries.pop("spec", {}),
        }
        place = self.store.output("p", run, step, 1, "report")
        files = {name: str(self.folder / f"{name}.json") for name in outputs}
        for file in files.values():
            Path(file).unlink(missing_ok=True)
        results = {"report": {"artifact": place, "parameter": files["report"]}, "n": {"parameter": files["n"]}}
        entries = {"results": results, "artifact_root": self.store.root, **entries}
        return self.steps.run(f"steps:{step}", run=run, step=step, spec=spec, **entries)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def changed(entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**entries, **changes}


def why(ended: Ended) -> list[str]:
    assert ended.status == 0, ended.err
    assert ended.out == "hook\nran\n"
    assert not ended.record["cache"]["is_hit"]
    found: list[str] = ended.record["cache"]["why"]
    return found


def is_hit(ended: Ended) -> bool:
    assert ended.status == 0, ended.err
    assert (ended.out == "") == (ended.record["state"] == "cached") == ended.record["cache"]["is_hit"]
    return ended.out == ""


def test_a_hit_is_the_result(runner: Runner) -> None:
    spec = {"values": {"lr": 0.5}, "model": {"name": "churn"}}
    spec |= {
        "outputs": {
            "report": {"carrier": "artifact", "mirrored": True, "registered": {"name": "r"}},
            "n": {"carrier": "parameter"},
        }
    }
    first = runner.use("r1", spec=spec)
    assert why(first) == ["there is no earlier result"]
    second = runner.use("r2", spec=spec)
    assert second.out == ""
    assert second.err == "pipec: step `use` is cached: the result of run `r1`\n"
    assert second.record["cache"] == {
        "key": first.record["cache"]["key"],
        "is_hit": True,
        "why": [],
        "from": {"pipeline": "p", "run": "r1", "instance": "use"},
    }
    # Outputs are where they were, as values they are written anew; metadata is that of the first.
    assert second.record["outputs"] == first.record["outputs"]
    assert second.record["outputs"]["report"]["place"] == runner.store.output("p", "r1", "use", 1, "report")
    assert (runner.folder / "n.json").read_text() == "7"
    assert json.loads((runner.folder / "report.json").read_text()) == {"lr": 0.5}
    assert [each for each in second.record["recorded"] if each["kind"] == "step"] == [
        {"kind": "step", "name": "use", "metadata": {"seconds": 3}, "tags": []}
    ]
    run = runner.store.runs.get("p", "r2")
    assert run is not None
    assert run.metadata == {"best": 1}
    # No new version of the artifact; the model of the second run is linked to the old one and has its metadata.
    assert runner.store.artifacts.versions("r") == ["1"]
    model = runner.store.models.get("churn", 2)
    assert (model.links, model.metadata) == (
        [{"name": "r", "version": "1"}, {"name": "n", "version": "1"}],
        {"kind": "tree"},
    )


def test_what_misses(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    data, same = runner.data(3), runner.data(3)
    base: dict[str, Any] = {"spec": {"values": {"lr": 0.1}}, "slots": {"data": data}}
    cache: dict[str, Any] = {
        "environment": ["MODE"],
        "function": "steps:version",
        "distributions": ["numpy", "no-such"],
    }
    why(runner.use("r1", cache=cache, **base))
    assert is_hit(runner.use("r2", cache=cache, **changed(base, slots={"data": same})))
    assert why(runner.use("r3", cache=cache, **changed(base, spec={"values": {"lr": 0.2}}))) == [
        "parameter lr changed from 0.1 to 0.2"
    ]
    assert why(runner.use("r4", cache=cache, **changed(base, slots={"data": runner.data(4)}))) == [
        "input data changed",
        "parameter lr changed from 0.2 to 0.1",
    ]
    assert why(runner.use("r5", cache={**cache, "digest": "sha256:other"}, **base)) == [
        "code changed",
        "input data changed",
    ]
    monkeypatch.setenv("MODE", "fast")
    assert why(runner.use("r6", cache=cache, **base)) == ["code changed", "variable MODE changed"]
    monkeypatch.setenv("DATA_VERSION", "2")
    assert why(runner.use("r7", cache=cache, **base)) == ["cache_func changed from 1 to 2"]
    assert why(runner.use("r8", cache=cache, image="sha256:abc", **base)) == ["image is new"]
    entry = runner.store.cache.last("p", "use")
    assert entry is not None
    assert entry["parts"]["distribution no-such"] == "not installed"
    assert "fast" not in json.dumps(entry)


def test_policies(runner: Runner) -> None:
    base: dict[str, Any] = {"spec": {"values": {"lr": 0.1, "stamp": "now"}}, "slots": {"data": runner.data(3)}}
    later: dict[str, Any] = {"spec": {"values": {"lr": 0.2, "stamp": "then"}}, "slots": {"data": runner.data(5)}}
    for run, cache in enumerate(
        (
            {"ignored": ["lr", "stamp", "data"]},
            {"without": ["parameters", "values", "ids"]},
        )
    ):
        why(runner.use(f"a{run}", cache=cache, **base))
        assert is_hit(runner.use(f"b{run}", cache=cache, **later))
    # Identity instead of content: the same content elsewhere is another input.
    why(runner.use("c1", cache={"without": ["values"]}, **base))
    assert is_hit(runner.use("c2", cache={"without": ["values"]}, **base))
    copied = {"data": {"artifact": shutil.copytree(base["slots"]["data"]["artifact"], runner.folder / "copied")}}
    moved = changed(base, slots={"data": {"artifact": str(copied["data"]["artifact"])}})
    assert why(runner.use("c3", cache={"without": ["values"]}, **moved))[0].startswith("input data changed")
    assert is_hit(runner.use("c4", cache={"without": ["values"], "digest": "sha256:code"}, **moved))


def test_arguments_that_are_put_together(runner: Runner) -> None:
    recipe = {
        "x": {
            "list": [
                {"slot": "x_0"},
                {"expr": ["*", {"slot": "x_1"}, {"const": 2}]},
                {"lazy": ["environment", {"name": "A", "default": "d"}]},
            ]
        }
    }
    slots: dict[str, Any] = {"x_0": runner.data(3), "x_1": {"json": "5"}}
    spec = {"compose": recipe}
    why(runner.use("r1", spec=spec, slots=slots))
    assert is_hit(runner.use("r2", spec=spec, slots=slots))
    assert why(runner.use("r3", spec=spec, slots={**slots, "x_1": {"json": "6"}})) == ["input x changed"]
    assert is_hit(runner.use("r4", spec=spec, slots={**slots, "x_0": runner.data(3)}))
    drawn = {"compose": {"x": {"fact": ["random", "p:1"]}}}
    why(runner.use("r5", spec=drawn))
    assert why(runner.use("r6", spec=drawn)) == ["input x changed"]


def test_an_artifact_that_was_looked_up(runner: Runner) -> None:
    def register(n: int) -> None:
        named = {"outputs": {"output": {"carrier": "artifact", "registered": {"name": "data"}}}, "values": {"n": n}}
        place = {"output": {"artifact": runner.store.output("p", f"m{n}", "make", 1, "output")}}
        runner.steps.run(
            "steps:make", run=f"m{n}", step="make", spec=named, results=place, artifact_root=runner.store.root
        )

    spec = {"compose": {"x": {"lazy": ["artifact", {"name": "data"}]}}}
    register(3)
    why(runner.use("r1", spec=spec))
    assert is_hit(runner.use("r2", spec=spec))
    register(4)
    assert why(runner.use("r3", spec=spec)) == ["input x changed"]


def test_age(runner: Runner) -> None:
    why(runner.use("r1", cache={"expires_after": 3600}))
    assert is_hit(runner.use("r2", cache={"expires_after": 3600}))
    assert why(runner.use("r3", cache={"expires_after": 0.001})) == ["the result is older than 0.001 s"]


def test_bytes_that_are_gone_are_a_miss(runner: Runner) -> None:
    why(runner.use("r1"))
    shutil.rmtree(runner.store.output("p", "r1", "use", 1, "report"))
    assert why(runner.use("r2")) == ["the stored output report is gone"]
    assert is_hit(runner.use("r3"))
    manifest = Path(runner.store.output("p", "r2", "use", 1, "report"), "manifest.json")
    manifest.write_text("{")
    assert why(runner.use("r4")) == ["the stored output report is gone"]
    os.unlink(Path(runner.store.output("p", "r4", "use", 1, "report"), "data.json"))
    assert why(runner.use("r5")) == ["the stored output report is gone"]
    # What is broken is seen where it is read: here, because it must be copied.
    Path(runner.store.output("p", "r5", "use", 1, "report"), "data.json").write_text("broken")
    results = {
        "report": {"artifact": str(runner.folder / "pod/report")},
        "n": {"parameter": str(runner.folder / "n.json")},
    }
    (reason,) = why(runner.use("r6", results=results))
    assert "is corrupt: `data.json` has digest" in reason
    assert why(runner.use("r7")) == ["an output is wanted as a parameter"]
    assert is_hit(runner.use("r8"))


def test_a_policy_that_raises(runner: Runner) -> None:
    ended = runner.use("r1", cache={"function": "steps:raises"})
    assert ended.status == 3
    assert "step `use`: the cache cannot be asked: ZeroDivisionError: division by zero" in ended.err
    assert (ended.out, ended.error["function"]) == ("", "raises")


def test_a_failure_is_not_kept(runner: Runner) -> None:
    for run in ("r1", "r2"):
        ended = runner.use(run, step="fails", spec={"outputs": {}, "returns_tuple": False}, results={})
        assert (ended.status, ended.out) == (1, "hook\nran\n")


def test_the_cache_may_be_written_without_being_read(runner: Runner) -> None:
    why(runner.use("r1"))
    place = {"report": {"artifact": runner.store.output("p", "r2", "use", 1, "report")}}
    spec = {
        "function": "steps:use",
        "cache": {"digest": "sha256:code"},
        "outputs": {"report": {"carrier": "artifact", "mirrored": True}, "n": {"carrier": "parameter"}},
        "returns_tuple": True,
    }
    head = {"version": 1, "pipeline": "p", "step": "use", "run": "r2", "artifact_root": runner.store.root}
    record = str(runner.steps.folder / "record.json")
    ended = runner.steps.run_document({**head, "spec": spec, "results": place, "record": record, "cache": False})
    assert (ended.status, ended.out) == (0, "ran\n")
    assert ended.record["cache"]["why"] == ["the cache is not read"]
    entry = runner.store.cache.last("p", "use")
    assert entry is not None
    assert entry["origin"]["run"] == "r2"


def test_results_outside_of_the_store_are_kept_in_it(runner: Runner) -> None:
    elsewhere = {
        "report": {"artifact": str(runner.folder / "pod1/report")},
        "n": {"parameter": str(runner.folder / "n.json")},
    }
    why(runner.use("r1", results=elsewhere))
    shutil.rmtree(runner.folder / "pod1")
    elsewhere["report"] = {"artifact": str(runner.folder / "pod2/report")}
    ended = runner.use("r2", results=elsewhere)
    assert is_hit(ended)
    assert ended.record["outputs"]["report"]["place"] == str(runner.folder / "pod2/report")
    assert json.loads((runner.folder / "pod2/report/data.json").read_text()) == {"lr": 0.1}


def test_without_a_store_nothing_is_cached(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPEC_ARTIFACT_ROOT", raising=False)
    for _ in range(2):
        ended = runner.use("r1", artifact_root=None)
        assert (ended.status, ended.out) == (0, "hook\nran\n")
        assert "cache" not in ended.record
