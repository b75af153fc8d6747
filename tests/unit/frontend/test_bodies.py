"""What the body of a pipeline becomes: arguments, ids, order, folding, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from programs import body, lower, lowered

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import datetime
import enum
from dataclasses import dataclass
from typing import Any
from {sdk} import pipeline, step

RATES = [0.1, 0.5]
SETTINGS = {{"epochs": 3, "name": "fit"}}


class Kind(enum.Enum):
    FAST = "fast"


@dataclass
class Options:
    depth: int = 2
    name: str = "tree"


@step
def load() -> dict:
    return {{}}


@step
def split() -> tuple[int, int]:
    return 1, 2


@step
def log(x: Any = None) -> None:
    print(x)


@step
def train(x: Any, y: Any = 1) -> float:
    return 0.1


def helper(value, rate=2):
    scaled = value * rate
    return train(scaled)


@pipeline
def inner(n: int = 1):
    first = train(n)
    second = train(first)
    return second


@pipeline
def p(n: int = 3, name: str = "a"):
"""

ROWS = {
    "a result": ("train(load())", ["load = call load()", "train = call train(x=%load)"]),
    "fan-in": ("train([load(), load()])", ["load = call load()", "load_2 = call load()", "train = call train(x=[%load, %load_2])"]),
    "mixed list": ("train([load(), 1])", ["load = call load()", "train = call train(x=[%load, 1])"]),
    "dict": ("train({'a': load()})", ["load = call load()", 'train = call train(x={"a": %load})']),
    "a parameter": ("train(n, y=name)", ["train = call train(x=$n, y=$name)"]),
    "constants": ("train(1, 'a')", ['train = call train(x=1, y="a")']),
    "None": ("train(None)", ["train = call train(x=null)"]),
    "arithmetic on a parameter": ("train(n * 2 + 1)", ["train = call train(x=($n * 2) + 1)"]),
    "folded arithmetic": ("train(2 ** 3 - 1)", ["train = call train(x=7)"]),
    "unrolled loop": ("for rate in RATES:\n    train(rate)", ["train = call train(x=0.1)", "train_2 = call train(x=0.5)"]),
    "while": ("i = 0\nwhile i < 2:\n    train(i)\n    i += 1", ["train = call train(x=0)", "train_2 = call train(x=1)"]),
    "folded if": ("if SETTINGS['epochs'] > 2:\n    train(1)\nelse:\n    train(2)", ["train = call train(x=1)"]),
    "folded ternary": ("train(1 if RATES else 2)", ["train = call train(x=1)"]),
    "comprehension": (
        "train([train(rate) for rate in RATES if rate > 0.2])",
        ["train = call train(x=0.5)", "train_2 = call train(x=[%train])"],
    ),
    "dict comprehension": (
        "found = {rate: train(rate) for rate in RATES}\nlog(found[0.5])",
        ["train = call train(x=0.1)", "train_2 = call train(x=0.5)", "log = call log(x=%train_2)"],
    ),
    "zip and enumerate": (
        "for i, (a, b) in enumerate(zip([1, 2], 'xy')):\n    train(i, f'{a}{b}')",
        ['train = call train(x=0, y="1x")', 'train_2 = call train(x=1, y="2y")'],
    ),
    "helper": ("train(helper(2))", ["train = call train(x=4)", "train_2 = call train(x=%train)"]),
    "helper with a default": ("helper(2, rate=5)", ["train = call train(x=10)"]),
    "inner function": (
        "def make(k):\n    return train(k + 1)\nlog(make(4))",
        ["train = call train(x=5)", "log = call log(x=%train)"],
    ),
    "unpacking": ("a, b = split()\ntrain(b, a)", ["split = call split()", "train = call train(x=%split.output_1, y=%split.output_0)"]),
    "unpacking with a star": ("a, *b = split()\ntrain(b)", ["split = call split()", "train = call train(x=[%split.output_1])"]),
    "indexing outputs": ("train(split()[1])", ["split = call split()", "train = call train(x=%split.output_1)"]),
    "spread": ("train(**{'x': 1, 'y': 2})", ["train = call train(x=1, y=2)"]),
    "spread list": ("train(*[1, 2])", ["train = call train(x=1, y=2)"]),
    "id": ("train(1, id='fit')\ntrain(2)", ["fit = call train(x=1)", "train = call train(x=2)"]),
    "ids count on": ("train(1)\ntrain(2, id='train_2')\ntrain(3)", ["train = call train(x=1)", "train_2 = call train(x=2)", "train_3 = call train(x=3)"]),
    "after text": ("load()\ntrain(1, after='load')", ["load = call load()", "train = call train(x=1) after [load]"]),
    "after a later step": ("train(1, after='load')\nload()", ["train = call train(x=1) after [load]", "load = call load()"]),
    "after a result": ("a = load()\ntrain(1, after=a)", ["load = call load()", "train = call train(x=1) after [load]"]),
    "after no output": ("a = log()\ntrain(1, after=a)", ["log = call log()", "train = call train(x=1) after [log]"]),
    "after several": (
        "a = log()\nb = split()\ntrain(1, after=[a, b, 'log'])",
        ["log = call log()", "split = call split()", "train = call train(x=1) after [log, split]"],
    ),
    "with_options": ("train.with_options(parameters={'y': 5})(1)", ["train = call train(x=1, y=5)"]),
    "a step in a variable": ("fit = train if RATES else log\nfit(1)", ["train = call train(x=1)"]),
    "steps in a list": ("for one in [train, log]:\n    one(1)", ["train = call train(x=1)", "log = call log(x=1)"]),
    "walrus": ("log(a := load())\ntrain(a)", ["load = call load()", "log = call log(x=%load)", "train = call train(x=%load)"]),
    "match": ("match SETTINGS['name']:\n    case 'fit':\n        train(1)\n    case _:\n        train(2)", ["train = call train(x=1)"]),
    "text methods": ("train(' Fit '.strip().lower())", ['train = call train(x="fit")']),
    "dict merge": ("train({**SETTINGS, 'epochs': 5})", ['train = call train(x={"epochs": 5, "name": "fit"})']),
    "conversion": ("train(int('3') + len(RATES))", ["train = call train(x=5)"]),
}  # fmt: skip


@pytest.mark.parametrize("sdk", ["zenml", "pipec.sdk"])
@pytest.mark.parametrize("row", ROWS)
def test_body(row: str, sdk: str, tmp_path: Path) -> None:
    source, expected = ROWS[row]
    indented = "".join(f"    {line}\n" for line in source.splitlines())
    pipeline = lowered(tmp_path, HEAD.format(sdk=sdk) + indented)
    assert [line.replace("main:", "").replace(".output}", "}") for line in plain(body(pipeline))] == expected


def plain(lines: list[str]) -> list[str]:
    """Printed lines without the name of a single output, and without the module of a step."""
    return [line.replace(".output)", ")").replace(".output]", "]").replace(".output,", ",") for line in lines]


def test_fstring_of_a_parameter(tmp_path: Path) -> None:
    pipeline = lowered(tmp_path, HEAD.format(sdk="zenml") + "    train(f'{name}-{n:03d}')\n")
    (line,) = body(pipeline)
    assert "$name" in line
    assert "$n" in line
    assert '"03d"' in line


def test_constants_that_json_cannot_say(tmp_path: Path) -> None:
    source = "    train({1, 2}, (datetime.date(2024, 5, 1), Kind.FAST, Options(depth=4), train and helper))\n"
    (line,) = body(lowered(tmp_path, HEAD.format(sdk="zenml") + source))
    for part in ('["set", [1, 2]]', '["date", "2024-05-01"]', '"main:Kind", "FAST"', '"main:Options"', '"main:helper"'):
        assert part in line


def test_group(tmp_path: Path) -> None:
    pipeline = lowered(tmp_path, HEAD.format(sdk="zenml") + "    a = load()\n    log(inner(n, after=a))\n")
    text = "\n".join(plain(body(pipeline)))
    assert "inner = group" in text
    assert "after [load]" in text
    assert "train = call main:train(x=$n)" in text
    assert "train_2 = call main:train(x=%train)" in text
    assert "log = call main:log(x=%inner." in text


def test_groups_share_the_ids(tmp_path: Path) -> None:
    text = "\n".join(body(lowered(tmp_path, HEAD.format(sdk="zenml") + "    train(0)\n    inner()\n    inner()\n")))
    for name in ("train", "train_2", "train_3", "train_4", "train_5", "inner", "inner_2"):
        assert f"{name} = " in text


def test_outputs_of_the_pipeline(tmp_path: Path) -> None:
    pipeline = lowered(tmp_path, HEAD.format(sdk="zenml") + "    return {'score': train(1), 'data': load()}\n")
    assert [(one.name, getattr(one.value, "operation", "")) for one in pipeline.outputs] == [
        ("score", "train"),
        ("data", "load"),
    ]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("train()", "PC0301"),
        ("train(1, z=2)", "PC0302"),
        ("train(1, 2, 3)", "PC0302"),
        ("train(1, x=2)", "PC0314"),
        ("a, b, c = split()", "PC0303"),
        ("train(1, after='nothing')", "PC0304"),
        ("train(1, id='a')\n    train(2, id='a')", "PC0305"),
        ("train(log())", "PC0310"),
        ("train({load(): 1})", "PC0312"),
        ("train(1 + 'a')", "PC0206"),
        ("train(unknown)", "PC0201"),
    ],
)
def test_faults(source: str, code: str, tmp_path: Path) -> None:
    program = lower(tmp_path, HEAD.format(sdk="zenml") + f"    {source}\n")
    assert [one.code for one in program.diagnostics if one.is_error] == [code]
    assert program.pipelines == ()
