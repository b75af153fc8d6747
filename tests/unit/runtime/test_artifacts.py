"""Artifacts are whole, verified before they are read, and replaced at once."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipec.runtime import artifacts
from pipec.runtime.artifacts import Workspace
from pipec.runtime.errors import InputFault
from pipec.runtime.materializers import registry


class Marks:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.fixture
def workspace() -> Any:
    made = Workspace()
    yield made
    made.close()


def rewrite(manifest: Path, **changes: Any) -> None:
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changes}))


def hostile(place: Path, mark: Path) -> None:
    """An artifact whose pickle was replaced after it was written."""
    (place / "data.pkl").write_bytes(pickle.dumps(Marks(mark)))


def test_nothing_is_unpickled_from_a_corrupt_artifact(tmp_path: Path, workspace: Workspace) -> None:
    place, mark = tmp_path / "a", tmp_path / "mark"
    registry.store(range(3), str(place), workspace)
    assert registry.load(str(place), Any, workspace) == range(3)
    hostile(place, mark)
    with pytest.raises(InputFault, match=r"is corrupt: `data\.pkl` has digest sha256:\w+, expected sha256:\w+"):
        registry.load(str(place), Any, workspace)
    assert not mark.exists()
    # The test can fail: with the digests of the new content it is read.
    (place / "manifest.json").unlink()
    artifacts.publish(place, artifacts.describe(place, "pickle", "x:y"), str(tmp_path / "b"))
    registry.load(str(tmp_path / "b"), Any, workspace)
    assert mark.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": "sha256:0"}, "its manifest contradicts itself"),
        ({"files": {}}, "its manifest contradicts itself"),
        ({"files": {"../b/data.json": "sha256:0"}}, r"names `\.\./b/data\.json`, which is outside of it"),
        ({"files": {"/etc/passwd": "sha256:0"}}, "which is outside of it"),
        ({"version": 2}, "has version 2; this runtime reads version 1"),
        ({"more": 1}, "cannot be read: .*more"),
        ({"materializer": "odd"}, "`odd` is no materializer"),
    ],
)
def test_manifests_that_lie(changes: dict[str, Any], words: str, tmp_path: Path, workspace: Workspace) -> None:
    place = tmp_path / "a"
    registry.store([1], str(place), workspace)
    rewrite(place / "manifest.json", **changes)
    with pytest.raises((InputFault, ValueError), match=words):
        registry.load(str(place), Any, workspace)


def test_what_is_missing(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(InputFault, match=r"no artifact at .*none: No such file"):
        registry.load(str(tmp_path / "none"), Any, workspace)
    place = tmp_path / "a"
    registry.store([1], str(place), workspace)
    (place / "data.json").unlink()
    with pytest.raises(InputFault, match=r"`data\.json` cannot be read"):
        registry.load(str(place), Any, workspace)
    (place / "manifest.json").write_text("{")
    with pytest.raises(InputFault, match=r"the manifest of the artifact at .* cannot be read"):
        registry.load(str(place), Any, workspace)


def test_another_artifact_than_the_one_expected(tmp_path: Path, workspace: Workspace) -> None:
    manifest = registry.store([1], str(tmp_path / "a"), workspace)
    assert registry.load(str(tmp_path / "a"), Any, workspace, manifest.digest) == [1]
    registry.store([2], str(tmp_path / "a"), workspace)
    with pytest.raises(InputFault, match=f"expected {manifest.digest}"):
        registry.load(str(tmp_path / "a"), Any, workspace, manifest.digest)


@pytest.mark.parametrize("before", ["nothing", "empty folder", "file", "artifact", "rubbish"])
def test_what_was_there_before_is_replaced(before: str, tmp_path: Path, workspace: Workspace) -> None:
    place = tmp_path / "deep" / "a"
    place.parent.mkdir()
    if before == "file":
        place.write_text("x")
    elif before == "artifact":
        registry.store(b"old", str(place), workspace)
    elif before != "nothing":
        place.mkdir()
        if before == "rubbish":
            (place / "half").mkdir()
            (place / "half" / "x").write_text("x")
    registry.store([1], str(place), workspace)
    assert registry.load(str(place), Any, workspace) == [1]
    assert sorted(os.listdir(place)) == ["data.json", "manifest.json"]
    assert os.listdir(place.parent) == ["a"]


def test_a_mount_point_is_filled_with_the_manifest_last(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    moved: list[str] = []
    replace, move = os.replace, shutil.move

    def busy(source: Any, target: Any) -> None:
        if Path(target) == place:
            raise OSError(16, "Device or resource busy")
        replace(source, target)

    def record(source: Any, target: Any) -> Any:
        if Path(target).parent == place:
            moved.append(Path(target).name)
        return move(source, target)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(shutil, "move", record)
    registry.store(b"x", str(place), workspace)
    assert moved == ["data.bytes", "manifest.json"]
    assert registry.load(str(place), Any, workspace) == b"x"


def test_the_same_value_has_the_same_digest(tmp_path: Path, workspace: Workspace) -> None:
    first = registry.store({"b": {1, 2}, "a": b"x"}, str(tmp_path / "a"), workspace, metadata={"rows": 1})
    second = registry.store({"b": {2, 1}, "a": b"x"}, str(tmp_path / "b"), workspace, tags=["t"])
    assert first.digest == second.digest
    assert first.digest != registry.store({"b": {1}, "a": b"x"}, str(tmp_path / "c"), workspace).digest


def test_any_place_that_fsspec_knows(tmp_path: Path, workspace: Workspace) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    place = "memory://bucket/run/a"
    manifest = registry.store({"x": [b"1", b"2"]}, place, workspace)
    assert registry.load(place, Any, workspace, manifest.digest) == {"x": [b"1", b"2"]}
    with pytest.raises(InputFault, match="no artifact at memory://bucket/none"):
        registry.load("memory://bucket/none", Any, workspace)


def test_a_url_without_fsspec_says_so(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(ImportError, match="s3://bucket/a needs the package `fsspec`"):
        registry.store([1], "s3://bucket/a", workspace)
