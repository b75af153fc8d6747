"""The store: what it keeps, and that many may write to it at once and die while they do."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipec.runtime.errors import InputFault, OutputFault
from pipec.runtime.store import Artifact, ModelVersion, Run, Store, layout

ORIGIN = {"pipeline": "p", "run": "r", "instance": "train", "attempt": 1, "output": "model"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture(params=["folder", "memory"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store in a folder, and one behind an fsspec URL."""
    return Store(str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path.name}-{time.time_ns()}")


def model(store: Store, run: str = "r", name: str = "churn") -> ModelVersion:
    return store.models.of_run(name, "p", run, about={}, tags=[])


def tree(root: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in Path(root).rglob("*") if path.is_file())


def test_the_layout(store: Store) -> None:
    store.runs.begin(Run("p", "r"))
    store.runs.note("p", "r", tags=["fast"])
    head = {"version": 1, "pipeline": "p", "run": "r", "instance": "train@2.0", "attempt": 1}
    store.runs.report(head, layout.RECORD)
    store.runs.report(head, layout.ERROR)
    artifact = store.artifacts.register(Artifact("model", "", store.output("p", "r", "train@2.0", 1, "m/x")))
    store.artifacts.note(artifact, tags=["best"])
    store.models.link(model(store), "model", "1")
    store.models.promote(model(store), "production")
    store.cache.put("ab12", "p", "train", {"parts": {}})
    assert tree(store.root) == [
        "artifacts/model/1.json",
        "artifacts/model/1.notes/1.json",
        "cache/ab12.json",
        "cache/last/p/train.json",
        "models/churn/1.json",
        "models/churn/1.notes/1.json",
        "models/churn/stages/1.json",
        "runs/p/r/models.notes/churn.json",
        "runs/p/r/run.json",
        "runs/p/r/run.notes/1.json",
        "runs/p/r/train@2.0/1/error.json",
        "runs/p/r/train@2.0/1/record.json",
    ]
    document = json.loads(Path(store.root, "artifacts/model/1.json").read_text())
    assert document["place"] == "runs/p/r/train@2.0/1/m%2Fx"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("train_2", "train_2"),
        ("manual__2026-01-31T06:00:00+00:00", "manual__2026-01-31T06:00:00+00:00"),
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        (".hidden", "%2Ehidden"),
        ("", "~e3b0c44298fc1c14"),
        ("record.json", "record%2Ejson"),
        ("run.notes", "run%2Enotes"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("50%", "50%25"),
        ("x" * 300, "x" * 180 + "~98b4b5cb1f6af1c1"),
    ],
)
def test_names_of_files(name: str, file: str) -> None:
    found = layout.file_name(name)
    assert found[:181] == file[:181]
    assert len(found.encode()) <= 200
    if len(name) < 300:
        assert found == file


def test_names_of_files_are_their_own() -> None:
    names = ["a", "a/b", "a%2Fb", "a.json", "a%2Ejson", "x" * 300, "x" * 301, "é" * 100, "A", ".", "..", ""]
    assert len({layout.file_name(name) for name in names}) == len(names)


def test_a_run(either: Store) -> None:
    assert either.runs.begin(Run("p", "r-1", name="nightly", started="2026-01-01T00:00:00+00:00", tags=["a"]))
    assert not either.runs.begin(Run("p", "r-1", name="another"))
    either.runs.note("p", "r-1", tags=["b"], metadata={"rows": 3})
    either.runs.note("p", "r-1", untag=["a"], metadata={"rows": 4})
    either.runs.finish("p", "r-1", "succeeded", outputs={"score": 0.5}, ended="2026-01-01T00:01:00+00:00")
    either.runs.begin(Run("q", "r-2", started="2026-01-02T00:00:00+00:00"))
    expected = Run(
        "p",
        "r-1",
        name="nightly",
        state="succeeded",
        started="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:01:00+00:00",
        tags=["b"],
        outputs={"score": 0.5},
        metadata={"rows": 4},
    )
    assert either.runs.get("p", "r-1") == expected
    assert [run.run for run in either.runs.list()] == ["r-2", "r-1"]
    assert [run.run for run in either.runs.list("p")] == ["r-1"]
    assert either.runs.find("nightly") == either.runs.find("r-1") == expected
    assert either.runs.find("night") == expected
    with pytest.raises(KeyError, match="`r-` is the beginning of several: r-2, r-1"):
        either.runs.find("r-")
    with pytest.raises(KeyError, match="there is no run `x`"):
        either.runs.find("x")
    assert either.runs.get("p", "x") is None


def test_attempts(either: Store) -> None:
    for instance, attempt, name in (("b", 1, "error"), ("b", 2, "record"), ("a@10", 1, "record"), ("a@2", 1, "record")):
        head = {"version": 1, "pipeline": "p", "run": "r", "instance": instance, "attempt": attempt}
        either.runs.report(head, f"{name}.json")
    either.files.put(f"{layout.attempt_folder('p', 'r', 'c', 1)}/out/data.json", b"1")
    found = [
        (each.instance, each.number, bool(each.record), bool(each.error)) for each in either.runs.attempts("p", "r")
    ]
    assert found == [
        ("a@10", 1, True, False),
        ("a@2", 1, True, False),
        ("b", 1, False, True),
        ("b", 2, True, False),
        ("c", 1, False, False),  # it died without a word
    ]


def test_versions_of_artifacts(either: Store) -> None:
    def register(version: str = "", **origin: Any) -> str:
        return either.artifacts.register(Artifact("m", version, "/data/m", origin={**ORIGIN, **origin})).version

    assert [register(), register(), register("7"), register()] == ["1", "2", "7", "8"]
    assert either.artifacts.get("m").version == "8"
    assert either.artifacts.get("m", 2).id == either.artifacts.get("m@2").id == "m@2"
    # A retry of the same instance may register its version again, anybody else may not.
    register("7", attempt=2)
    with pytest.raises(OutputFault, match="the artifact `m` has a version `7` already"):
        register("7", run="other")
    # Where versions are no numbers, the one that was registered last is the newest.
    register("first/try")
    assert either.artifacts.get("m").version == "first/try"
    assert register() == "9"
    assert either.artifacts.get("m").version == "9"
    assert either.artifacts.versions("m") == ["1", "2", "7", "8", "9", "first/try"]
    assert [each.id for each in either.artifacts.list()] == ["m@9"]
    for name, version in (("x", None), ("m", "77"), ("x@1", None)):
        with pytest.raises(KeyError, match=f"there is no artifact `{name}`"):
            either.artifacts.get(name, version)


def test_notes_on_an_artifact(either: Store) -> None:
    artifact = either.artifacts.register(Artifact("m", "", "/data/m", tags=["a"], metadata={"n": 1}))
    either.artifacts.note(artifact, metadata={"n": 2, "f": 0.5}, tags=["b", "a"])
    either.artifacts.note(artifact, untag=["a"])
    found = either.artifacts.get("m")
    assert (found.tags, found.metadata) == (["b"], {"n": 2, "f": 0.5})


def test_the_root_may_move(store: Store, tmp_path: Path) -> None:
    store.artifacts.register(Artifact("m", "", store.output("p", "r", "train", 1, "m")))
    os.rename(store.root, tmp_path / "moved")
    assert Store(str(tmp_path / "moved")).artifacts.get("m").place == str(tmp_path / "moved/runs/p/r/train/1/m")


def test_versions_of_models(either: Store) -> None:
    first, again, second = model(either), model(either), model(either, "r2")
    assert (first.number, again.number, second.number) == (1, 1, 2)
    named = either.models.named(
        "churn", "candidate", {"pipeline": "p", "run": "r3"}, about={"license": "MIT"}, tags=["x"]
    )
    assert (named.number, named.version, named.about, named.tags) == (3, "candidate", {"license": "MIT"}, ["x"])
    assert either.models.named("churn", "candidate", {}, about={}, tags=[]).number == 3
    # A run that made a version by name makes another one without a name.
    assert model(either, "r3").number == 4
    for version, number in ((None, 4), ("latest", 4), (2, 2), ("2", 2), ("candidate", 3)):
        assert either.models.get("churn", version).number == number
    assert either.models.get("churn@2").number == 2
    assert [each.id for each in either.models.list()] == ["churn@4"]
    for version in (9, "production", "x"):
        with pytest.raises(KeyError, match=f"there is no model `churn` with the version or stage `{version}`"):
            either.models.get("churn", version)


def test_stages(either: Store) -> None:
    one, two = model(either, "r1"), model(either, "r2")
    either.models.promote(one, "production")
    with pytest.raises(ValueError, match="version 1 of the model `churn` is in `production`; `force=True` replaces it"):
        either.models.promote(two, "production")
    either.models.promote(one, "production")
    either.models.promote(two, "production", force=True)
    assert either.models.stages("churn") == {1: "archived", 2: "production"}
    assert either.models.get("churn", "production").number == 2
    assert either.models.get("churn", 1).stage == "archived"
    either.models.promote(one, "none")
    assert either.models.stages("churn") == {2: "production"}
    with pytest.raises(ValueError, match="`live` is no stage of a model: none, staging, production, archived"):
        either.models.promote(one, "live")


def test_links(either: Store) -> None:
    version = model(either)
    for artifact, number in (("model", "1"), ("data", "1"), ("model", "2")):
        either.models.link(version, artifact, number)
    either.models.note(version, metadata={"auc": 0.9}, tags=["t"])
    found = either.models.get("churn")
    assert (either.models.linked(found, "model"), either.models.linked(found, "model", "1")) == ("2", "1")
    assert (found.metadata, found.tags) == ({"auc": 0.9}, ["t"])
    with pytest.raises(KeyError, match="version 1 of the model `churn` has no artifact `x`"):
        either.models.linked(found, "x")


def test_the_cache(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.cache.put("k1", "p", "train", {"parts": {"code": "1"}})
    store.cache.put("k2", "p", "train", {"parts": {"code": "2"}})
    assert store.cache.get("k1") is not None
    last = store.cache.last("p", "train")
    assert last is not None
    assert (last["key"], last["parts"]) == ("k2", {"code": "2"})
    assert store.cache.get("k1", 60) is not None
    time.sleep(0.01)
    assert store.cache.get("k1", 0.001) is None
    # An entry that a power cut left half written is a miss.
    Path(store.root, "cache/k1.json").write_text('{"format": 1, "cre')
    assert store.cache.get("k1") is None
    store.cache.remove("k2")
    store.cache.remove("k2")
    assert store.cache.get("k2") is None


def test_documents_that_cannot_be_read_say_so(store: Store) -> None:
    store.artifacts.register(Artifact("m", "1", "/data/m"))
    path = Path(store.root, "artifacts/m/1.json")
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(
        InputFault, match=r"`artifacts/m/1\.json` of the store has format 2; this runtime reads format 1"
    ):
        store.artifacts.get("m")
    path.write_text("{")
    with pytest.raises(InputFault, match=r"`artifacts/m/1\.json` of the store cannot be read: Expecting"):
        store.artifacts.get("m")


def work(root: str, worker: int, start: Any) -> None:
    """Everything that several steps of several runs do to the same names at once."""
    store = Store(root)
    start.wait()
    for turn in range(10):
        artifact = store.artifacts.register(Artifact("m", "", f"/w{worker}/{turn}"))
        run = f"r{turn}"
        version = model(store, run)
        store.models.link(version, "m", artifact.version)
        store.runs.begin(Run("p", run, name=str(worker)))
        store.runs.note("p", run, tags=[f"w{worker}"])
        store.cache.put("key", "p", "s", {"parts": {"worker": str(worker)}})


def test_many_write_at_once(store: Store) -> None:
    workers, turns = 6, 10
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(workers)
    processes = [context.Process(target=work, args=(store.root, worker, start)) for worker in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    # Each version was given once, and none was lost.
    versions = store.artifacts.versions("m")
    assert versions == [str(number) for number in range(1, workers * turns + 1)]
    places = {store.artifacts.get("m", version).place for version in versions}
    assert places == {f"/w{worker}/{turn}" for worker in range(workers) for turn in range(turns)}
    # All steps of a run have one version of the model, and all links are there.
    assert store.models.numbers("churn") == list(range(1, turns + 1))
    linked = [link["version"] for number in range(1, turns + 1) for link in store.models.get("churn", number).links]
    assert sorted(linked, key=int) == versions
    for turn in range(turns):
        run = store.runs.get("p", f"r{turn}")
        assert run is not None
        assert sorted(run.tags) == [f"w{worker}" for worker in range(workers)]
    entry = store.cache.get("key")
    assert entry is not None
    assert entry["parts"]["worker"] in {str(worker) for worker in range(workers)}


KILLED = """
import sys
from pipec.runtime.store import Artifact, Run, Store

store = Store(sys.argv[1])
number = 0
while True:
    number += 1
    made = store.artifacts.register(Artifact("m", "", "/data/" + "x" * 20000, metadata={"n": number}))
    store.runs.write(Run("p", "r", facts={"n": number, "filler": "y" * 20000}))
    print(made.version, flush=True)
"""


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.1, 0.15, 0.2])
def test_a_kill_leaves_only_whole_documents(store: Store, delay: float) -> None:
    command = [sys.executable, "-c", KILLED, store.root]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        reported = [int(line) for line in (first + process.stdout.read()).split(b"\n") if line]
    versions = [int(version) for version in store.artifacts.versions("m")]
    # What was reported is there; at most one more was made.
    assert versions[: len(reported)] == reported
    assert len(versions) <= len(reported) + 1
    for version in versions:
        found = store.artifacts.get("m", version)
        assert found.metadata == {"n": version}
        assert len(found.place) == 20006
    run = store.runs.get("p", "r")
    assert run is not None
    assert len(run.facts["filler"]) == 20000
    # The next one goes on.
    assert store.artifacts.register(Artifact("m", "", "/x")).version == str(versions[-1] + 1)
