"""Our `dataclass` does what the standard one does, for the options that we use."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from pipec.compiler import record


@record.dataclass(frozen=True, slots=True)
class Point:
    """A record of every kind of field."""

    x: int
    y: int = 2
    names: list[str] = record.field(default_factory=lambda: ["a"])
    size: int = record.field(init=False, compare=False, repr=False)
    label: str = record.field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.x * self.y)


@record.dataclass(slots=True, eq=False, repr=False)
class Open:
    """A record that changes and is only equal to itself."""

    value: Any


@record.dataclass(frozen=True, slots=True)
class Deeper(Point):
    """A record with fields of its base and its own."""

    z: int = 3


def test_fields_defaults_and_what_follows() -> None:
    point = Point(3)
    assert (point.x, point.y, point.names, point.size, point.label) == (3, 2, ["a"], 6, "")
    assert Point(3).names is not point.names
    assert repr(point) == "Point(x=3, y=2, names=['a'], label='')"


def test_equality_is_by_the_compared_fields_of_one_class() -> None:
    assert Point(1, 2, label="l") == Point(1, 2, label="l")
    assert Point(1) != Point(2)
    assert Point(1) != Deeper(1)
    assert Open(1) != Open(1)


def test_frozen_records_hash_and_refuse_changes() -> None:
    field = "value"  # a checker sees through the literal
    assert hash(Frozen(1)) == hash(Frozen(1))
    with pytest.raises(AttributeError, match="frozen"):
        setattr(Frozen(1), field, 2)
    with pytest.raises(AttributeError, match="frozen"):
        delattr(Frozen(1), field)
    changeable = Open(1)
    changeable.value = 2
    assert changeable.value == 2


@record.dataclass(frozen=True, slots=True)
class Frozen:
    """A hashable record."""

    value: int


def test_slots_take_no_other_attribute() -> None:
    assert not hasattr(Point(1), "__dict__")
    with pytest.raises(AttributeError):
        Open(1).other = 2  # type: ignore[attr-defined]


def test_bases_come_first() -> None:
    deeper = Deeper(1, 2, ["n"], 5)
    assert (deeper.x, deeper.z, deeper.size) == (1, 5, 2)
    assert Deeper.__match_args__ == ("x", "y", "names", "z")


@pytest.mark.parametrize("module", [record, dataclasses])
def test_functions_of_both_modules_take_them(module: Any) -> None:
    assert module.is_dataclass(Point)
    assert [one.name for one in module.fields(Point)] == ["x", "y", "names", "size", "label"]
    assert module.replace(Point(1, label="l"), y=5) == Point(1, 5, label="l")
    with pytest.raises(TypeError):
        module.replace(Point(1), nothing=1)


def test_copies_and_pickles() -> None:
    point = Point(3, label="l")
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
