"""Values of every type go through a step in a process of its own and come back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step_process import StepRunner

KINDS = '''
from __future__ import annotations

import collections
import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import NamedTuple

import pydantic


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1


class Flags(enum.Flag):
    A = 1
    B = 2


class Point(NamedTuple):
    x: int
    y: float


@dataclass
class Doubled:
    """Its `__post_init__` must not run a second time."""

    value: int
    items: list[Color] = field(default_factory=list)

    def __post_init__(self):
        self.value *= 2


@dataclass(frozen=True, slots=True)
class Frozen:
    when: dt.date
    where: Point


class Settings(pydantic.BaseModel):
    rate: float
    names: set[str] = set()
    _seen: int = pydantic.PrivateAttr(default=3)


class Plain:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Plain and other.value == self.value
'''

STEPS = """
from __future__ import annotations

import collections, datetime as dt, decimal, fractions, math, pathlib, uuid, zoneinfo

import numpy as np
import pandas as pd
import polars as pl
from PIL import Image
from scipy import sparse

from kinds import *


def same(left, right):
    if type(left) is not type(right):
        return False
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right, check_freq=True, check_column_type="exact")
        return type(left.index) is type(right.index)
    if isinstance(left, pd.Series):
        pd.testing.assert_series_equal(left, right, check_freq=True)
        return type(left.index) is type(right.index)
    if isinstance(left, (pl.DataFrame, pl.Series)):
        names = [table.schema if isinstance(table, pl.DataFrame) else (table.name, table.dtype) for table in (left, right)]
        return names[0] == names[1] and left.equals(right, null_equal=True)
    if sparse.issparse(left):
        return left.dtype == right.dtype and left.toarray().tolist() == right.toarray().tolist()
    if isinstance(left, Image.Image):
        return (left.mode, left.size, left.tobytes(), left.getpalette()) == (right.mode, right.size, right.tobytes(), right.getpalette())
    if isinstance(left, np.ndarray):
        items = left.tolist() == right.tolist() if left.dtype.hasobject else left.tobytes() == right.tobytes()
        return items and left.dtype == right.dtype and left.shape == right.shape
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, float):
        return left.hex() == right.hex()
    return left == right


def values():
    return (VALUES)


def make():
    return values()


def compare(NAMES) -> list[str]:
    found = []
    for given, value in zip((NAMES), values(), strict=True):
        try:
            found.append("" if same(given, value) else f"{value!r} came back as {given!r}"[:500])
        except AssertionError as problem:
            found.append(str(problem))
    return found
"""

VALUES = {
    "none": ("None", "json"),
    "true": ("True", "json"),
    "int": ("2**53 + 1", "json"),
    "long-int": ("10**5000", "json"),
    "minus-zero": ("-0.0", "json"),
    "nan": ("math.nan", "json"),
    "infinities": ("[math.inf, -math.inf, 1e400]", "json"),
    "text": ("'plain'", "json"),
    "controls": ("''.join(map(chr, range(32))) + '\\x7f'", "json"),
    "emoji": ("'\\U0001f3f4\\U000e0067\\U000e007f \\U0001f600'", "json"),
    "surrogate": ("'\\ud800'", "json"),
    "templates": ("['{{workflow.name}}', '{%', '{#', '${HOME}', '$(HOME)', '{{=1+1}}', \"{{$.inputs.parameters['x']}}\"]", "json"),
    "huge-text": ("'x\\n' * 2_000_000", "json"),
    "bytes": ("bytes(range(256))", "bytes"),
    "empty-bytes": ("b''", "bytes"),
    "bytearray": ("bytearray(b'a\\r\\n')", "bytes"),
    "list": ("[1, [2.5, None, 'a'], {'k': (1, 2)}]", "json"),
    "tuple": ("(1, ('a', [b'x']))", "json"),
    "sets": ("{'b': {1, 2, 'x'}, 'f': frozenset({(1, 2)})}", "json"),
    "keys": ("{1: 'a', None: 'b', (1, 2): 'c', '$pipec': 'd'}", "json"),
    "tag": ("{'$pipec': ['object', 'os:system', {}]}", "json"),
    "uuid": ("uuid.UUID(int=7)", "json"),
    "times": ("[dt.datetime(2026, 1, 2, 3, 4, 5, 6), dt.date(1, 1, 1), dt.time(23, 59), dt.timedelta(days=-1, microseconds=1)]", "json"),
    "zones": ("[dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), dt.time(1, tzinfo=dt.timezone(dt.timedelta(hours=-3)))]", "json"),
    "named-zone": ("dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))", "pickle"),
    "decimal": ("[decimal.Decimal('1.10'), decimal.Decimal('-0')]", "json"),
    "complex": ("complex('1-2j')", "json"),
    "fraction": ("fractions.Fraction(1, 3)", "pickle"),
    "enums": ("[Color.RED, Level.LOW]", "json"),
    "flags": ("Flags.A | Flags.B", "pickle"),
    "named-tuple": ("Point(1, -0.0)", "json"),
    "dataclass": ("Doubled(4, [Color.GREEN])", "json"),
    "frozen": ("Frozen(dt.date(2026, 1, 1), Point(0, 1.5))", "json"),
    "pydantic": ("Settings(rate=1, names={'a'})", "json"),
    "plain-class": ("Plain([1])", "pickle"),
    "ordered": ("collections.OrderedDict(b=1, a=2)", "pickle"),
    "default": ("collections.defaultdict(list, a=[1])", "pickle"),
    "function": ("values", "json"),
    "class": ("Plain", "json"),
    "path-to-nothing": ("pathlib.Path('no/such/file')", "path"),
    "numpy-scalars": ("{'a': np.float64(0.1), 'b': np.float32(0.1), 'c': np.int8(-1), 'd': np.bool_(True)}", "json"),
    "array": ("np.arange(12, dtype='>i2').reshape(3, 4)", "numpy"),
    "array-of-zero-dimensions": ("np.array(3.5)", "numpy"),
    "array-of-records": ("np.zeros(2, dtype=[('a', 'i4'), ('b', 'U3')])", "numpy"),
    "array-of-objects": ("np.array([1, 'a', None], dtype=object)", "pickle"),
    "masked": ("np.ma.masked_array([1, 2], [0, 0]).tolist()", "json"),
    "frame": ("pd.DataFrame({'i': [1, 2], 'f': [0.5, None], 'b': [True, False], 's': ['x', 'y']})", None),
    "frame-of-times": ("pd.DataFrame({'t': pd.to_datetime(['2026-01-01', '2026-01-02']), 'd': pd.to_timedelta([1, 2], 's')})", "pandas"),
    "frame-nullable": ("pd.DataFrame({'i': pd.array([1, None], dtype='Int64'), 's': pd.array(['a', None], dtype='string')})", "pandas"),
    "frame-filtered": ("pd.DataFrame({'a': [1, 2, 3]})[lambda f: f.a > 1]", "pandas"),
    "frame-empty": ("pd.DataFrame({'a': pd.Series([], dtype='float64')})", "pandas"),
    "frame-without-columns": ("pd.DataFrame(index=range(3))", None),
    "frame-named-index": ("pd.DataFrame({'a': [1]}, index=pd.Index([7], name='id'))", "pandas"),
    "frame-text-index": ("pd.DataFrame({'a': [1, 2]}, index=['x', 'y'])", None),
    "frame-categories": ("pd.DataFrame({'c': pd.Categorical(['b', 'a'], categories=['b', 'a', 'z'], ordered=True)})", None),
    "frame-integer-categories": ("pd.DataFrame({'c': pd.Categorical([1, 2])})", "pickle"),
    "frame-mixed": ("pd.DataFrame({'m': [1, 'a']})", "pickle"),
    "frame-none": ("pd.DataFrame({'m': pd.Series(['a', None, float('nan')], dtype=object)})", "pickle"),
    "frame-integer-labels": ("pd.DataFrame(np.eye(2))", "pickle"),
    "frame-same-labels": ("pd.DataFrame([[1, 2]], columns=['a', 'a'])", "pickle"),
    "frame-levels": ("pd.DataFrame({'a': [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 'x'), (1, 'y')]))", "pickle"),
    "frame-frequency": ("pd.DataFrame({'a': [1, 2]}, index=pd.date_range('2026', periods=2))", "pickle"),
    "frame-seconds": ("pd.DataFrame({'t': np.array(['2026-01-01'], dtype='M8[s]')})", "pickle"),
    "series": ("pd.Series([1, 2], name='target', index=[5, 3])", "pandas"),
    "series-without-name": ("pd.Series([0.5])", "pandas"),
    "series-of-objects": ("pd.Series([[1], 'a'], name='o')", "pickle"),
    "tables-in-a-dict": ("{'x': pd.DataFrame({'a': [1]}), 'y': [np.arange(3), b'z'], 'n': 1}", "json"),
    "polars-frame": ("pl.DataFrame({'a': [1, None], 'b': ['x', 'y'], 'c': [dt.date(2026, 1, 1), None], 'd': [[1], []]})", "polars"),
    "polars-series": ("pl.Series('s', [1.5, float('nan')])", "polars"),
    "polars-empty": ("pl.DataFrame()", "polars"),
    "polars-objects": ("[pl.Series('o', [object], dtype=pl.Object).dtype == pl.Object, 1]", "json"),
    "csr-matrix": ("sparse.csr_matrix([[0, 1], [2, 0]])", "sparse"),
    "coo-array": ("sparse.coo_array([[0, 1.5], [0, 0]])", "sparse"),
    "lil-matrix": ("sparse.lil_matrix([[0, 1], [2, 0]])", "pickle"),
    "image-rgb": ("Image.new('RGB', (3, 2), (1, 2, 3))", "image"),
    "image-palette": ("Image.new('RGB', (3, 2), 'red').convert('P')", "image"),
    "image-float": ("Image.new('F', (2, 2), 0.5)", "pickle"),
    "tables-of-libraries": ("{'p': pl.DataFrame({'a': [1]}), 's': [sparse.csc_array([[1]])]}", "json"),
    "many-arrays": ("[np.arange(1)] * 1001", "pickle"),
}  # fmt: skip


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """All values through two steps: the materializer of each, and what is wrong with what came back."""
    expressions = ",\n".join(expression for expression, _ in VALUES.values())
    names = [name.replace("-", "_") + "_" for name in VALUES]
    text = STEPS.replace("VALUES", expressions).replace("NAMES", ", ".join(names))
    steps = StepRunner(tmp_path_factory.mktemp("values"), kinds=KINDS, steps=text)
    made = steps.run("steps:make", *names)
    assert made.status == 0, made.err
    manifests = [json.loads((steps.place(name) / "manifest.json").read_text()) for name in names]
    places = zip(names, manifests, strict=True)
    slots = {name: {"artifact": str(steps.place(name)), "digest": each["digest"]} for name, each in places}
    seen = {"found": {"parameter": str(steps.folder / "out" / "found.json")}}
    compared = steps.run("steps:compare", "found", slots=slots, results=seen)
    assert (compared.status, compared.err) == (0, "")
    pickled = [each for each in manifests if each["materializer"] == "pickle"]
    assert made.err.count("pipec: stored with pickle: ") == len(pickled)
    materializers = [each["materializer"] for each in manifests]
    return dict(zip(VALUES, zip(materializers, steps.parameter("found"), strict=True), strict=True))


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back(name: str, round_trip: dict[str, tuple[str, str]]) -> None:
    materializer, fault = round_trip[name]
    assert fault == ""
    assert materializer == (VALUES[name][1] or materializer)


PLACES = """
import os, pathlib
from pipec.sdk import step

@step
def file() -> pathlib.Path:
    path = pathlib.Path("model.bin")
    path.write_bytes(bytes(1000))
    return path

@step
def folder() -> pathlib.Path:
    path = pathlib.Path("weights")
    (path / "empty").mkdir(parents=True, exist_ok=True)
    (path / "a.txt").write_text("a")
    (path / "run.sh").write_text("x")
    (path / "run.sh").chmod(0o755)
    return path

@step
def read(place: pathlib.Path) -> str:
    if place.is_file():
        return f"{place.name} {len(place.read_bytes())}"
    modes = [f"{p.relative_to(place)}:{p.is_dir()}:{os.access(p, os.X_OK)}" for p in sorted(place.rglob("*"))]
    return " ".join([place.name, *modes])
"""


@pytest.mark.parametrize(
    ("function", "seen"),
    [("file", "model.bin 1000"), ("folder", "weights a.txt:False:False empty:True:True run.sh:False:True")],
)
def test_what_lies_at_a_path_travels(function: str, seen: str, tmp_path: Path) -> None:
    steps = StepRunner(tmp_path, places=PLACES)
    assert steps.run(f"places:{function}", "output").status == 0
    first = json.loads((steps.place("output") / "manifest.json").read_text())["digest"]
    assert steps.run(f"places:{function}", "output").status == 0
    assert json.loads((steps.place("output") / "manifest.json").read_text())["digest"] == first
    moved = steps.place("output").rename(tmp_path / "elsewhere")
    for path in ("model.bin", "weights/a.txt"):
        (tmp_path / path).unlink(missing_ok=True)
    read = steps.run(
        "places:read",
        "output",
        slots={"place": {"artifact": str(moved)}},
        results={"output": {"parameter": str(tmp_path / "out" / "seen.json")}},
    )
    assert (read.status, read.err) == (0, "")
    assert steps.parameter("seen") == seen


def test_a_materializer_of_the_user(tmp_path: Path) -> None:
    program = """
from __future__ import annotations

import os

from zenml import step
from zenml.materializers.base_materializer import BaseMaterializer


class Words:
    def __init__(self, words: list[str]):
        self.words = words


class WordsMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Words,)

    def save(self, data: Words) -> None:
        with open(os.path.join(self.uri, "manifest.json"), "w") as file:
            file.write(" ".join(data.words))

    def load(self, data_type: type[Words]) -> Words:
        with self.artifact_store.open(os.path.join(self.uri, "manifest.json")) as file:
            return data_type(file.read().split())


class Upper(BaseMaterializer):
    ASSOCIATED_TYPES = (str,)
    SKIP_REGISTRATION = True

    def save(self, data):
        with open(self.uri + "/t", "w") as file:
            file.write(data.upper())

    def load(self, data_type):
        with open(self.uri + "/t") as file:
            return data_type(file.read())


@step
def make() -> Words:
    return Words(["a", "b"])


@step
def read(words: Words, other: Words) -> str:
    return f"{type(words).__name__} {words.words} {other.words}"


@step
def text() -> str:
    return "abc"


@step
def show(text) -> str:
    return text
"""
    steps = StepRunner(tmp_path, custom=program)
    assert steps.run("custom:make", "output").status == 0
    manifest = json.loads((steps.place("output") / "manifest.json").read_text())
    assert manifest["materializer"] == "custom:WordsMaterializer"
    assert list(manifest["files"]) == ["content/manifest.json"]
    words = {"artifact": str(steps.place("output"))}
    seen = {"output": {"parameter": str(tmp_path / "out" / "seen.json")}}
    read = steps.run("custom:read", "output", slots={"words": words, "other": words}, results=seen)
    assert (read.status, read.err) == (0, "")
    assert steps.parameter("seen") == "Words ['a', 'b'] ['a', 'b']"
    named: dict[str, Any] = {"outputs": {"output": {"carrier": "artifact", "materializer": "custom:Upper"}}}
    assert steps.run("custom:text", "output", spec=named).status == 0
    assert steps.run("custom:show", "output", slots={"text": words}, results=seen).status == 0
    assert steps.parameter("seen") == "ABC"


def test_texts_with_a_meaning(tmp_path: Path) -> None:
    program = """
from zenml.types import HTMLString

def make() -> HTMLString:
    return HTMLString("<b>\\r\\n")

def read(page) -> str:
    return f"{type(page).__name__} {page!r}"
"""
    steps = StepRunner(tmp_path, pages=program)
    assert steps.run("pages:make", "output").status == 0
    assert (steps.place("output") / "HTMLString.html").read_bytes() == b"<b>\r\n"
    seen = {"output": {"parameter": str(tmp_path / "out" / "seen.json")}}
    assert (
        steps.run("pages:read", "output", slots={"page": {"artifact": str(steps.place("output"))}}, results=seen).status
        == 0
    )
    assert steps.parameter("seen") == "HTMLString '<b>\\r\\n'"
