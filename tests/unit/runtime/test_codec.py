"""Canonical JSON inside a step, held to the vectors that the compiler is held to as well."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import json
import pathlib
import re
import uuid
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipec.runtime import codec

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / "canonical_json.json").read_text(encoding="ascii"))[
    "vectors"
]
NAMES = {"datetime": dt, "Decimal": decimal.Decimal, "UUID": uuid.UUID, "PurePosixPath": pathlib.Path}


def same(left: object, right: object) -> bool:
    """Equality that tells `1` from `True`, `-0.0` from `0.0` and lets NaN equal itself."""
    return repr(left) == repr(right) or (
        type(left) is type(right) and isinstance(left, set | frozenset) and left == right
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    assert codec.text(vector["json"]) == vector["text"]
    if vector["python"] is not None:
        value = eval(vector["python"], {**NAMES, "datetime": __import__("datetime")})
        assert codec.dumps(value) == vector["text"]
        assert same(codec.loads(vector["text"]), value)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
keys = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["$pipec", "{{", "\x7f"])
values = st.recursive(
    plain
    | st.binary()
    | st.datetimes().map(lambda time: time.replace(fold=0))
    | st.timedeltas()
    | st.decimals()
    | st.uuids()
    | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=12,
)


@given(values)
def test_every_value_comes_back(value: object) -> None:
    try:
        text = codec.dumps(value)
    except codec.NotCanonical:
        # Time spans whose seconds do not fit into a float.
        assert "timedelta" in repr(value)
        return
    assert text.isascii()
    assert not re.search(r"\x7f|\{\{", text)
    assert same(codec.loads(text), value)


def test_an_integer_beyond_the_limit_of_decimal_text_comes_back() -> None:
    for value in (10**5000, -(10**5000), 1 << 13000, (1 << 13000) - 1):
        assert codec.loads(codec.dumps(value)) == value


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = [1]
    value.append({"a": value})
    with pytest.raises(codec.NotCanonical, match="a list that holds itself"):
        codec.encode(value)


def test_a_value_that_occurs_twice_is_no_cycle() -> None:
    item = [1]
    assert codec.encode([item, item]) == [[1], [1]]


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        type("Text", (str,), {})("a"),
        fractions.Fraction(1, 2),
        dt.datetime(2026, 10, 25, 2, 30, fold=1),
        dt.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
        object(),
        lambda: 1,
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_come_back_as_something_else_is_refused(value: object) -> None:
    with pytest.raises(codec.NotCanonical):
        codec.dumps(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NaN", "`NaN` is not JSON"),
        ("", "Expecting value"),
        ('{"$pipec": ["tuple", []], "x": 1}', "reserved"),
        ('{"$pipec": []}', "reserved"),
        ('{"$pipec": ["pickle", "gASVAAA="]}', "`pickle` is no kind"),
        ('{"$pipec": ["symbol", "os:system"]}', "cannot be given as a parameter"),
        (
            '{"$pipec": ["object", "subprocess:Popen", {"args": ["touch", "/tmp/mark"]}]}',
            "subprocess.Popen is no class",
        ),
        ('{"$pipec": ["object", "os:system", {"command": "touch /tmp/mark"}]}', "is no class"),
        ('{"$pipec": ["state", "subprocess:Popen", {}]}', "subprocess.Popen is no class"),
        ('{"$pipec": ["enum", "os:environ", "PATH"]}', "is no class"),
    ],
)
def test_hostile_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        codec.loads(text)
