"""A pipeline means what Python would do if it ran the body with every step called as a plain function (DESIGN §4).

Programs are generated; what lowering makes of them is executed by an interpreter of the IR of the tests' own, and
compared with Python running the same text: the same result, and the same calls with the same arguments.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from bodies import HEAD, PARAMETERS, SIGNATURE, programs
from ir_reference import Run, plain
from pipec.compiler.frontend import lower_file
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.verifier import verify
from pipec.compiler.passes import run_passes
from plain_bodies import noted, run_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.model import Pipeline

REFUSALS = {
    "PC0312",
    "PC0322",
    "PC0323",
    "PC0324",
    "PC0325",
    "PC0326",
    "PC0327",
    "PC0331",
    "PC0209",
    "PC0206",
    "PC0308",
}
"""What may be said of a generated program: it is valid Python, but not each is a graph."""


GIVEN: dict[str, Any] = {"n": 2, "m": 1, "flag": True, "xs": [3, 1], "ys": [], "table": {"a": 1}}


def lower(program: str) -> tuple[Pipeline | None, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(program, encoding="utf-8")
        found = lower_file(Path(folder), file, pipeline="p")
    codes = [one.code for one in found.diagnostics if one.is_error]
    return (found.pipelines[0] if found.pipelines else None), codes


def run_graph(program: str, pipeline: Pipeline, parameters: dict[str, Any]) -> tuple[list[Any], Counter[str]]:
    calls: Counter[str] = Counter()
    names: dict[str, Any] = {"step": lambda function: noted(function, calls), "pipeline": lambda function: function}
    exec(program.replace("from pipec.sdk import pipeline, step", ""), names)
    steps = {symbol: names[symbol.partition(":")[2]] for symbol in pipeline.steps}
    return Run(pipeline, steps, parameters).outputs(), calls


def check(program: str, parameters: dict[str, Any], say: Callable[[str], None] = print) -> str:
    """Compares the two; returns "refused", "raises" or "agrees"."""
    say(program)
    pipeline, codes = lower(program)
    if pipeline is None:
        assert set(codes) <= REFUSALS, codes
        return "refused"
    assert verify(pipeline) == []
    say(print_pipeline(pipeline))
    pipeline, faults = run_passes(pipeline)
    assert [one for one in faults if one.is_error] == []
    fixed = {name: plain(one.value) for name, one in pipeline.frozen.items()}
    parameters = {**parameters, **fixed}
    say(repr(parameters))
    try:
        expected, expected_calls = run_python(program, parameters)
    except (NameError, ZeroDivisionError, ValueError):
        return "raises"
    outputs, calls = run_graph(program, pipeline, parameters)
    assert outputs == [expected]
    assert calls == expected_calls
    return "agrees"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs(), PARAMETERS)
def test_graph_means_what_python_does(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters, note)


ALIASES = {
    "picked by an arm, changed later": """
    if flag:
        l1 = l0
    else:
        l1 = [1]
    l1.append(inc(n))
""",
    "picked by an expression, the source changed later": """
    l1 = []
    l2 = l0 if flag else l1
    l0.append(inc(n))
    note(len(l2))
""",
    "returned by a helper": """
    l1 = pick(flag, l0, [2])
    l1 += [inc(n)]
""",
    "changed in the arm": """
    l1 = l0
    if flag:
        l1.append(inc(n))
    l2 = l1
    l2.append(m)
""",
    "a dict in a list": """
    l1 = [{"a": n}]
    d1 = l1[0]
    if flag:
        d1["b"] = inc(m)
    l0.append(total_of(l1[0]))
""",
    "two names of a new list": """
    l1 = l2 = []
    if flag:
        l1 = l2 = [n]
    l1.append(inc(m))
    l0 += l2
""",
    "changed through an object": """
    one = Holder(l0)
    if flag:
        one.found.append(inc(n))
        one.found = [m]
    one.found.append(3)
""",
    "a default that is changed": """
    l0 += keep(n)
    if flag:
        keep(inc(m))
    l0 += keep(1)
""",
    "kept by a closure": """
    up = counter()
    if flag:
        up(n)
    else:
        note(up(inc(m)))
    l0.append(up(1))
""",
    "a list kept by a class": """
    if flag:
        Holder.all.append(inc(n))
    else:
        Holder.all += [n, m]
    l0 += Holder.all
    Holder.all.clear()
""",
    "a list kept by a closure": """
    add = adder()
    add(1)
    if flag:
        add(inc(n))
    l0 += add(2)
""",
    "appended in a loop through another name": """
    l1 = l0
    for i in xs:
        l1.append(inc(i))
    note(len(l0))
""",
}


REFUSED = {
    "picked by an arm, changed later",
    "picked by an expression, the source changed later",
    "returned by a helper",
    "two names of a new list",
    "changed through an object",
}
"""What would be wrong in silence if it were done: a change of which only a run knows what it changes."""


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("flag", [True, False])
def test_containers_with_two_names(name: str, flag: bool) -> None:
    """Each is done as Python does it, or refused (PC0331)."""
    helpers = """

class Holder:
    all = []

    def __init__(self, found):
        self.found = found


def pick(flag, first, second):
    if flag:
        return first
    return second


def counter():
    count = 0

    def up(by):
        nonlocal count
        count += by
        return count

    return up


def adder():
    found = []

    def add(value):
        found.append(value)
        return found

    return add


def keep(value, kept=[]):
    kept.append(value)
    return kept

"""
    body = "    l0 = []" + ALIASES[name] + "    return total([n, *l0])\n"
    outcome = check(f"{HEAD}{helpers}\n@pipeline\ndef p({SIGNATURE}):\n{body}", {**GIVEN, "flag": flag})
    assert outcome == ("refused" if name in REFUSED else "agrees")


@pytest.mark.soak
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs(may_alias=True), PARAMETERS)
def test_graph_means_what_python_does_at_length(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters, note)
