"""Materializers register by being declared and work on folders."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipec.sdk import ArtifactType, BaseMaterializer, MaterializerInterfaceError, fileio
from pipec.sdk.materializers import registry


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


class PointMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Point,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA

    def load(self, data_type: type[Any]) -> Point:
        with self.artifact_store.open(f"{self.uri}/x.txt") as file:
            return Point(int(file.read()))

    def save(self, data: Any) -> None:
        with fileio.open(f"{self.uri}/x.txt", "w") as file:
            file.write(str(data.x))


def test_declaring_registers() -> None:
    assert registry[Point] is PointMaterializer


def test_a_base_of_others_does_not_register() -> None:
    class Base(BaseMaterializer):
        SKIP_REGISTRATION = True
        ASSOCIATED_TYPES = (io.BytesIO,)

    assert io.BytesIO not in registry

    class Derived(Base): ...

    assert registry.pop(io.BytesIO) is Derived


def test_save_and_load(tmp_path: Path) -> None:
    PointMaterializer(str(tmp_path)).save(Point(4))
    assert PointMaterializer(str(tmp_path)).load(Point).x == 4


def test_types() -> None:
    assert PointMaterializer.can_save_type(Point)
    assert PointMaterializer.can_load_type(object)
    assert not PointMaterializer.can_save_type(object)
    with pytest.raises(TypeError, match=r"PointMaterializer stores .*Point.*, not <class 'int'>"):
        PointMaterializer("u").validate_save_type_compatibility(int)
    with pytest.raises(TypeError, match=r"PointMaterializer reads .*Point.*, not <class 'int'>"):
        PointMaterializer("u").validate_load_type_compatibility(int)


def test_wrong_declarations() -> None:
    with pytest.raises(MaterializerInterfaceError, match="`Nothing` names no ASSOCIATED_TYPES"):

        class Nothing(BaseMaterializer): ...  # pyright: ignore[reportUnusedClass]

    with pytest.raises(MaterializerInterfaceError, match="`Wrong`: 'int' is no class"):

        class Wrong(BaseMaterializer):  # pyright: ignore[reportUnusedClass]
            ASSOCIATED_TYPES: ClassVar[Any] = ("int",)


def test_what_is_not_implemented_says_so() -> None:
    class Bare(BaseMaterializer):
        ASSOCIATED_TYPES = (type(NotImplemented),)

    bare = Bare("u")
    assert (bare.save_visualizations(1), bare.extract_metadata(1)) == ({}, {})
    assert (bare.compute_content_hash(1), bare.get_item_count(1)) == (None, None)
    for call in (lambda: bare.load(int), lambda: bare.save(1), lambda: bare.load_item(int, 0)):
        with pytest.raises(NotImplementedError, match="Bare does not"):
            call()


def test_file_operations(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    fileio.makedirs(folder)
    fileio.makedirs(folder)
    file = folder / "one.txt"
    with fileio.open(file, "w") as written:
        written.write("ä")
    assert (fileio.exists(file), fileio.isdir(folder), fileio.isdir(file), fileio.size(file)) == (True, True, False, 2)
    fileio.copy(file, folder / "two.txt")
    with pytest.raises(FileExistsError):
        fileio.copy(file, folder / "two.txt")
    assert sorted(fileio.listdir(folder)) == ["one.txt", "two.txt"]
    assert sorted(fileio.listdir(folder, only_file_names=False)) == [f"{folder}/one.txt", f"{folder}/two.txt"]
    fileio.rename(folder / "two.txt", folder / "three.txt")
    fileio.remove(file)
    assert fileio.glob(f"{folder}/*") == [f"{folder}/three.txt"]
    assert list(fileio.walk(folder)) == [(str(folder), [], ["three.txt"])]
    fileio.rmtree(tmp_path / "a")
    assert (fileio.exists(folder), fileio.size(file)) == (False, None)
    fileio.mkdir(tmp_path / "c")
    assert fileio.isdir(tmp_path / "c")
