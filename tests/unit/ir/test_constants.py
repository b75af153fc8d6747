"""Canonical JSON, held to the vectors that the runtime's codec is held to as well."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import pathlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipec.compiler.ir import constants
from pipec.compiler.ir.constants import NotConstant

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Json

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / "canonical_json.json").read_text(encoding="ascii"))[
    "vectors"
]
NAMES = {"datetime": datetime, "Decimal": decimal.Decimal, "UUID": uuid.UUID, "PurePosixPath": pathlib.PurePosixPath}


def python_value(vector: dict[str, Any]) -> object:
    return eval(vector["python"], dict(NAMES))


def same(left: object, right: object) -> bool:
    """Equality that tells `1` from `True`, `-0.0` from `0.0` and lets NaN equal itself."""
    return repr(left) == repr(right) or (
        type(left) is type(right) and isinstance(left, set | frozenset) and left == right
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    assert constants.text(vector["json"]) == vector["text"]
    assert json.loads(vector["text"]) == vector["json"]
    if vector["python"] is None:
        with pytest.raises(NotConstant):
            constants.decode(vector["json"])
        return
    value = python_value(vector)
    encoded = constants.encode(value)
    assert constants.text(encoded) == vector["text"]
    assert same(constants.decode(encoded), value)


def test_vectors_have_names_of_their_own() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) > 50


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
keys = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["$pipec", "{{", "\x7f"])
python_values = st.recursive(
    plain
    | st.binary()
    | st.dates()
    | st.datetimes().map(lambda moment: moment.replace(fold=0))
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner) | st.frozensets(st.integers())
    ),
    max_leaves=12,
)


@given(python_values)
def test_every_value_comes_back_and_its_text_is_inert(value: object) -> None:
    encoded = constants.encode(value)
    printed = constants.text(encoded)
    assert "{{" not in printed
    assert printed.isascii()
    assert printed.isprintable()
    decoded = constants.decode(json.loads(printed))
    assert repr(decoded) == repr(value) or decoded == value


@given(st.frozensets(st.integers() | st.text()))
def test_sets_have_one_text_whatever_their_order(value: frozenset[object]) -> None:
    shuffled = frozenset(sorted(value, key=repr, reverse=True))
    assert constants.text(constants.encode(value)) == constants.text(constants.encode(shuffled))


class Celsius(float):
    pass


@pytest.mark.parametrize(
    "value",
    [object(), Celsius(3.0), len, 10**5000, -(10**5000), [object()], {1: object()}],
    ids=["object", "subclass", "function", "huge", "huge-negative", "in-list", "in-dict"],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotConstant):
        constants.encode(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(NotConstant, match="contains itself"):
        constants.encode(endless)


@pytest.mark.parametrize(
    "malformed",
    [
        {"$pipec": []},
        {"$pipec": ["unheard-of", 1]},
        {"$pipec": ["tuple", []], "more": 1},
        {"$pipec": "tuple"},
        {"$pipec": ["bytes", "not base64!"]},
        {"$pipec": ["float", "one"]},
        {"$pipec": ["set", [[1]]]},
        {"$pipec": ["dict", [[1]]]},
        {"$pipec": ["date", "yesterday"]},
        {"$pipec": ["decimal", "much"]},
        {"$pipec": ["tuple"]},
    ],
    ids=str,
)
def test_a_malformed_tag_is_refused(malformed: Json) -> None:
    with pytest.raises(NotConstant):
        constants.decode(malformed)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (None, "None"),
        (True, "bool"),
        (2**80, "int"),
        (math.inf, "float"),
        ([], "list"),
        ([1, 2], "list[int]"),
        ([1, "a", None], "list[int | str | None]"),
        ([[1], ["a"]], "list[list[int] | list[str]]"),
        ((1, "a"), "tuple[int, str]"),
        ({}, "dict"),
        ({"a": 1.5}, "dict[str, float]"),
        ({1: "a", 2: None}, "dict[int, str | None]"),
        ({1, 2}, "set[int]"),
        (b"a", "bytes"),
        (datetime.date(2026, 1, 2), "datetime.date"),
        (decimal.Decimal("1.0"), "decimal.Decimal"),
        ([None, True, 1, 1.0, "a", b"a", [], {}, ()], "list[Any]"),
    ],
    ids=str,
)
def test_type_of(value: object, printed: str) -> None:
    assert str(constants.type_of(constants.encode(value))) == printed


def test_type_of_what_the_project_makes() -> None:
    assert str(constants.type_of(constants.enum_member("steps.kinds:Model", "LINEAR"))) == "steps.kinds.Model"
    assert str(constants.type_of(constants.instance("steps.conf:Settings", {"n": 1}))) == "steps.conf.Settings"
    assert str(constants.type_of(constants.reference("steps.train:train"))) == "Any"


@pytest.mark.parametrize(
    "value", [None, 0, 0.0, "", [], {}, (), set(), b"", 1, "a", [0], (0,), {1: 1}, math.nan], ids=repr
)
def test_truth_is_pythons(value: object) -> None:
    assert constants.truth(constants.encode(value)) is bool(value)


def test_truth_of_what_the_project_makes_is_unknown() -> None:
    assert constants.truth(constants.enum_member("steps.kinds:Model", "LINEAR")) is None
