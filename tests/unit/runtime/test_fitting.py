"""Values against annotations: what fits, what is converted, what is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypedDict, TypeVar, Union

import pydantic
import pytest

from pipec.runtime import fitting

T = TypeVar("T")
Id = NewType("Id", int)


class Color(enum.Enum):
    RED = "r"


class Row(TypedDict):
    a: int


class Shape(Protocol):
    side: int


@dataclasses.dataclass
class Settings:
    rate: float
    color: Color = Color.RED


class Model(pydantic.BaseModel):
    rate: float


class Html(str):
    pass


def same(left: object, right: object) -> bool:
    return type(left) is type(right) and repr(left) == repr(right)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, 1.0),
        (2**53 + 1, float, 2**53 + 1),
        (10**400, float, 10**400),
        (True, int, True),
        (True, float, True),
        (1, complex, 1),
        (1, int | float, 1),
        ("3", int, 3),
        (" 3 ", int, 3),
        ("3", int | str, "3"),
        ("3", Optional[int], 3),  # noqa: UP045
        (None, Optional[int], None),  # noqa: UP045
        ("1e3", float, 1000.0),
        (3.0, int, 3),
        ("yes", bool, True),
        (0, bool, False),
        ("r", Color, Color.RED),
        ("a/b", pathlib.Path, pathlib.Path("a/b")),
        ("2026-01-02", dt.date, dt.date(2026, 1, 2)),
        ("2026-01-02T03:04", dt.datetime, dt.datetime(2026, 1, 2, 3, 4)),
        (1.5, dt.timedelta, dt.timedelta(seconds=1.5)),
        ("1.10", decimal.Decimal, decimal.Decimal("1.10")),
        (str(uuid.UUID(int=1)), uuid.UUID, uuid.UUID(int=1)),
        ([1, 2], tuple[int, ...], (1, 2)),
        ([1, "x"], tuple[int, str], (1, "x")),
        ([], tuple[()], ()),
        (["1"], list[int], [1]),
        ([1, 1], set[int], {1}),
        ({"a": "1"}, dict[str, int], {"a": 1}),
        ({"a": [1]}, Mapping[str, list[int]], {"a": [1]}),
        ([1], Sequence[str], [1]),
        ("a", Literal["a", "b"], "a"),
        ("1", Literal[1, 2], 1),
        ({"rate": 1}, Settings, Settings(1.0)),
        ({"rate": "0.5", "color": "r"}, Settings, Settings(0.5)),
        ({"rate": 1}, Model, Model(rate=1.0)),
        ("x", Html, Html("x")),
        ({"a": "?"}, Row, {"a": "?"}),
        (1, Shape, 1),
        (1, T, 1),
        (1, Any, 1),
        (1, object, 1),
        ("1", Id, 1),
        ("1", Annotated[int, "n"], 1),
        (int, type[Any], int),
        (None, None, None),
        (1, "nowhere.Unknown", 1),
    ],
)
def test_what_enters(value: object, annotation: Any, expected: object) -> None:
    assert same(fitting.fit(value, annotation), expected)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ("x", int, "expected int, got str 'x'"),
        (1.5, int, "expected int, got float 1.5"),
        (float("nan"), int, "expected int, got float nan"),
        (None, int, "expected int, got NoneType"),
        (1, str, "expected str, got int 1"),
        (2, bool, "expected bool, got int 2"),
        ("maybe", bool, "expected bool, got str 'maybe'"),
        ([1, "x"], list[int], "expected list[int], got list"),
        ([1], tuple[int, int], "expected tuple[int, int], got list"),
        ("ab", list[str], "expected list[str], got str 'ab'"),
        ({"a": 1}, list, "expected list, got dict"),
        ("c", Literal["a", "b"], "expected Literal['a', 'b'], got str 'c'"),
        ("g", Color, f"expected {Color.__module__}.Color, got str 'g'"),
        ({"rat": 1}, Settings, f"expected {Settings.__module__}.Settings, got dict"),
        ({"rate": "x"}, Model, f"expected {Model.__module__}.Model, got dict"),
        (1, Optional[str], "expected Optional[str], got int 1"),  # noqa: UP045
        (1, Union[str, None], "expected Optional[str], got int 1"),  # noqa: UP007
        (1, str | None, "expected str | None, got int 1"),
        (1, Iterable[int], "expected collections.abc.Iterable[int], got int 1"),
        (1, Callable[[], int], "expected collections.abc.Callable[[], int], got int 1"),
        (b"x" * 200, int, "expected int, got bytes"),
        ("x" * 200, int, "expected int, got str '" + "x" * 59),
        (1, dt.date, "expected datetime.date, got int 1"),
    ],
)
def test_misfits(value: object, annotation: Any, message: str) -> None:
    with pytest.raises(fitting.Misfit) as caught:
        fitting.fit(value, annotation)
    assert str(caught.value) == message


@pytest.mark.parametrize(("value", "annotation"), [("3", int), ([1], tuple[int]), (3.0, int), ({"rate": 1}, Settings)])
def test_outputs_are_not_converted(value: object, annotation: Any) -> None:
    with pytest.raises(fitting.Misfit):
        fitting.fit(value, annotation, converts=False)


def test_what_fits_is_the_same_object() -> None:
    value = {"a": [1, 2], "b": [3]}
    assert fitting.fit(value, dict[str, list[int]]) is value
    items = [1.0, 2.0]
    assert fitting.fit(items, list[float]) is items


def test_numbers_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    for value, annotation, expected in [
        (numpy.int64(3), int, 3),
        (numpy.float32(0.5), float, 0.5),
        (numpy.int8(2), float, 2.0),
        (numpy.bool_(True), bool, True),
    ]:
        assert same(fitting.fit(value, annotation, converts=False), expected)
    # A float of numpy's is a float.
    assert type(fitting.fit(numpy.float64(1), float)) is numpy.float64


def test_annotations_that_cannot_be_evaluated_are_not_checked() -> None:
    scope: dict[str, Any] = {}
    exec("from __future__ import annotations\ndef f(a: int, b: Nowhere, c: list[Nowhere]) -> int: ...", scope)
    assert fitting.of(scope["f"]) == {"a": int, "b": Any, "c": Any, "return": int}
