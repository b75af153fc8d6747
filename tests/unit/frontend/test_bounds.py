"""Conditions and loops of the run that would grow without bound: cost is linear in the program, or a diagnostic comes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.ir.json import read, write
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.walk import operations
from pipec.compiler.passes import run_passes
from programs import lower

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.compiler.frontend import LoweredProgram

HEAD = """\
from pipec.sdk import pipeline, step


@step
def s(x: object = 1) -> int:
    return 1


@pipeline
def p(n: int = 1, xs: list[int] = [1]):
"""


def lower_body(folder: Path, lines: list[str]) -> LoweredProgram:
    return lower(folder, HEAD + "".join(f"    {line}\n" for line in lines))


def sequential(count: int) -> list[str]:
    return ["x = 0", *(line for i in range(count) for line in (f"if n > {i}:", "    x = s(x)")), "s(x)"]


def early_returns(count: int) -> list[str]:
    return [line for i in range(count) for line in (f"if n == {i}:", f"    return s({i})", f"s({i})")]


def nested_returns(count: int) -> list[str]:
    return ["if n > 1:", "    if n > 2:", "        return s(1)", "s(2)"] * count


def nested_loops(count: int) -> list[str]:
    loops = [f"{'    ' * i}for i{i} in xs:" for i in range(count)]
    return ["found = []", *loops, f"{'    ' * count}found.append(s(i{count - 1}))", "s(found)"]


def lists(count: int) -> list[str]:
    return ["found = []", f"for i in range({count}):", "    if n > i:", "        found.append(s(i))", "s(found)"]


def breaks(count: int) -> list[str]:
    return [f"for i in range({count}):", "    if n == i:", "        break", "    s(i)"]


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (sequential(30), 61),
        (sequential(1000), 2001),
        (early_returns(30), 90),
        (early_returns(59), 177),
        (nested_returns(12), 60),
        (nested_loops(16), 18),
        (lists(500), 1001),
        (breaks(50), 99 + 50),
    ],
    ids=[
        "30 ifs",
        "1000 ifs",
        "30 returns",
        "59 returns",
        "12 nested returns",
        "16 nested loops",
        "500 lists",
        "50 breaks",
    ],
)
def test_cost_is_linear(lines: list[str], count: int, tmp_path: Path) -> None:
    start = time.process_time()
    found = lower_body(tmp_path, lines)
    assert [one.message for one in found.diagnostics if one.is_error] == []
    pipeline, faults = run_passes(found.pipelines[0])
    assert faults == []
    assert len(list(operations(pipeline.body))) <= count
    assert len(print_pipeline(pipeline)) < 1000 * count
    assert read(write(pipeline), "main.ir.json")[0] == pipeline
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "lines",
    [
        early_returns(300),
        breaks(300),
        ["n = n + n"] * 60 + ["s(n)"],
        ["n = n + 1"] * 300 + ["s(n)"],
        [line for i in range(60) for line in (f"if n > {i}:", "    n = n + n")] + ["s(n)"],
        [*(f"{'    ' * i}if n > {i}:" for i in range(70)), f"{'    ' * 70}s(1)"],
        [*(f"{'    ' * i}for i{i} in xs:" for i in range(70)), f"{'    ' * 70}s(1)"],
        ["while True:", "    if n == 1:", "        break", "    s(1)"],
    ],
    ids=["returns", "breaks", "doubling", "deep sum", "pure ifs", "deep ifs", "deep loops", "endless"],
)
def test_bound(lines: list[str], tmp_path: Path) -> None:
    start = time.process_time()
    found = lower_body(tmp_path, lines)
    assert "PC0209" in {one.code for one in found.diagnostics}
    assert time.process_time() - start < 20
