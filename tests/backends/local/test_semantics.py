"""What the local executor makes of a program: outputs, states, what ran (DESIGN §4)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ir_builders import Builder, const, expr, item, type_
from local_runs import Project
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import ForEach
from pipec.compiler.ir.types import ANY, STR
from pipec.compiler.ir.values import DictOf, Expr, Item, ListOf, Output
from pipec.compiler.record import replace

STRINGS = type_("list[str]")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def b() -> Builder:
    builder = Builder()
    builder.step("load", "", "output: int")
    builder.step("names", "", "output: list[str]")
    builder.step("shout", "x: str", "output: str")
    builder.step("join", "xs: list[str]", "output: str")
    builder.step("add", "a: int, b: int", "output: int")
    builder.step("both", "", "number: int, word: str")
    return builder


def test_data_flows(project: Project, b: Builder) -> None:
    program = b.pipeline(
        b.call("both"),
        b.call("load"),
        b.call("add", a=b.out("both", "number"), b=expr("*", b.out("load"), const(10), annotation="int")),
        outputs={"sum": b.out("add"), "word": b.out("both", "word"), "next": expr("+", b.out("add"), const(1))},
    )
    result = project.run(program)
    assert (result.state, result.outputs) == ("succeeded", {"sum": 51, "word": "two", "next": 52})
    assert result.operations == {"both": "succeeded", "load": "succeeded", "add": "succeeded"}


def test_parameters_are_given_defaulted_and_checked(project: Project, b: Builder) -> None:
    from pipec.backends.local import CannotRun

    name, times = b.param("name", "str"), b.param("times", "int", const(2))
    program = b.pipeline(
        b.call("shout", x=expr("*", name, times, annotation="str")), outputs={"out": b.out("shout"), "in": name}
    )
    assert project.run(program, {"name": "ab"}).outputs == {"out": "ABAB", "in": "ab"}
    assert project.run(program, {"name": "ab", "times": 1}).outputs["out"] == "AB"
    with pytest.raises(CannotRun) as refused:
        project.run(program, {"times": "x", "tims": 1})
    assert [(each.code, each.message) for each in refused.value.diagnostics] == [
        ("PC0505", "the pipeline `p` has no parameter `tims`"),
        ("PC0701", "the parameter `name` has no value"),
        ("PC0506", 'the parameter `times` is `int`, not "x"'),
    ]
    assert not (project.root / "runs/p").exists() or len([*(project.root / "runs/p").iterdir()]) == 2


def test_the_first_arm_that_holds_runs_and_gives_the_value(project: Project, b: Builder) -> None:
    limit = b.param("limit")
    branch = b.branch(
        "if",
        (expr(">", b.out("load"), limit), [b.call("shout", x=const("big"))]),
        (expr("==", b.out("load"), limit), [b.call("shout_2", x=const("same"))]),
        (None, [b.call("shout_3", x=const("small"))]),
        size=(b.out("shout"), b.out("shout_2"), b.out("shout_3")),
    )
    program = b.pipeline(
        b.call("load"), branch, b.call("same", x=Output("if", "size", STR)), outputs={"s": b.out("same")}
    )
    for value, size, ran in ((4, "BIG", "shout"), (5, "SAME", "shout_2"), (6, "SMALL", "shout_3")):
        result = project.run(program, {"limit": value})
        assert result.outputs == {"s": size}
        others = {"shout", "shout_2", "shout_3"} - {ran}
        assert {name for name, state in result.operations.items() if state == "skipped"} == others
        assert result.operations[ran] == "succeeded"


def test_a_later_condition_is_not_looked_at_before_it_is_needed(project: Project, b: Builder) -> None:
    """As in Python: `elif boom() …` raises only where the `if` does not hold."""
    branch = b.branch(
        "if",
        (expr(">", b.out("load"), const(1)), [b.call("shout", x=const("taken"))]),
        (expr(">", b.out("boom"), const(1)), [b.call("shout_2", x=const("other"))]),
        (None, []),
        r=(b.out("shout"), b.out("shout_2"), const("none")),
    )
    program = b.pipeline(b.call("load"), b.call("boom"), branch, outputs={"r": Output("if", "r", STR)})
    result = project.run(program)
    assert result.state == "failed", "a step failed"
    assert (result.operations["shout"], result.outputs) == ("succeeded", {"r": "TAKEN"})


def test_a_condition_that_raises_fails_the_run(project: Project, b: Builder) -> None:
    branch = b.branch("if", (expr("/", b.out("load"), const(0)), [b.call("shout", x=const("x"))]), (None, []))
    result = project.run(b.pipeline(b.call("load"), branch))
    assert result.state == "failed"
    assert result.operations == {"load": "succeeded", "if": "failed", "shout": "upstream_failed"}
    (failure,) = result.failures
    assert failure.message == "its condition could not be computed: ZeroDivisionError: division by zero"


@pytest.mark.parametrize("words", [[], ["x"], ["b", "a", "c"]])
def test_a_loop_collects_in_the_order_of_its_items(project: Project, b: Builder, words: list[str]) -> None:
    given = b.param("words", "list[str]")
    loop = b.loop("for", given, b.call("shout", x=item("for", "str")), c=b.out("shout"))
    program = b.pipeline(loop, b.call("join", xs=Output("for", "c", STRINGS)), outputs={"j": b.out("join")})
    result = project.run(program, {"words": words})
    assert result.outputs == {"j": "".join(words).upper()}
    assert set(result.operations) == {"join", *(f"shout@{index}" for index in range(len(words)))}


def test_loops_nest_and_hold_conditions(project: Project, b: Builder) -> None:
    inner = b.loop(
        "for_2",
        const([1, 2, 3]),
        b.branch(
            "if",
            (expr("==", item("for_2", "int"), item("for", "int")), [b.call("add", a=item("for"), b=const(100))]),
            (None, [b.call("add_2", a=item("for"), b=item("for_2"))]),
            r=(b.out("add"), b.out("add_2")),
        ),
        c=Output("if", "r", type_("int")),
    )
    outer = b.loop("for", const([1, 2]), inner, c=Output("for_2", "c", type_("list[int]")))
    result = project.run(b.pipeline(outer, outputs={"c": Output("for", "c", ANY)}))
    assert result.outputs == {"c": [[101, 3, 4], [3, 102, 5]]}
    assert result.operations["add@0.0"] == "succeeded"
    assert result.operations["add_2@0.0"] == "skipped"
    assert result.operations["add_2@1.2"] == "succeeded"


def test_no_more_iterations_run_at_once_than_allowed(project: Project, b: Builder) -> None:
    b.step("when", "seconds: float", "output: Any")
    loop = replace(
        b.loop("for", const([0.1] * 5), b.call("when", seconds=item("for")), c=b.out("when")), max_parallelism=2
    )
    assert isinstance(loop, ForEach)
    times = project.run(b.pipeline(loop, outputs={"t": Output("for", "c", ANY)}), jobs=8).outputs["t"]
    at_once = [sum(start <= other < end for other, _ in times) for start, end in times]
    assert max(at_once) == 2


def test_no_more_steps_run_at_once_than_allowed(project: Project, b: Builder) -> None:
    program = b.pipeline(
        *(b.call(f"when_{n}", step="when", seconds=const(0.1)) for n in range(1, 5)),
        config=Config(max_parallelism=1),
        outputs={"t": ListOf(tuple(b.out(f"when_{n}") for n in range(1, 5)), ANY)},
    )
    times = sorted(project.run(program, jobs=8).outputs["t"])
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(times))


def test_independent_steps_run_at_once(project: Project, b: Builder) -> None:
    program = b.pipeline(
        b.call("when", seconds=const(0.6)),
        b.call("when_2", seconds=const(0.6)),
        outputs={"t": ListOf((b.out("when"), b.out("when_2")), ANY)},
    )
    (first, second) = project.run(program, jobs=2).outputs["t"]
    assert first[0] < second[1]
    assert second[0] < first[1]


def test_what_is_no_plain_data_is_never_read_here(project: Project, b: Builder) -> None:
    """Conditions, items and outputs over a pickled value: a child computes them."""
    b.step("counters", "words: list[str]", "output: Any")
    loop = b.loop("for", b.out("counters"), b.call("total", counted=item("for")), c=b.out("total"))
    branch = b.branch(
        "if",
        (expr("method", b.out("count"), const("get"), const("z")), [b.call("shout", x=const("z"))]),
        (expr("method", b.out("count"), const("get"), const("a")), [b.call("shout_2", x=const("a"))]),
        (None, []),
        r=(b.out("shout"), b.out("shout_2"), const("none")),
    )
    program = b.pipeline(
        b.call("count", word=const("banana")),
        b.call("counters", words=const(["a", "bb", ""])),
        loop,
        branch,
        outputs={"t": Output("for", "c", ANY), "r": Output("if", "r", STR), "n": b.out("count")},
    )
    result = project.run(program)
    assert (result.state, result.outputs) == ("succeeded", {"t": [1, 2, 0], "r": "A"})
    assert result.stored["n"].type == "collections:Counter"


def test_an_output_that_is_made_of_more_than_plain_data(project: Project, b: Builder) -> None:
    parts = DictOf((("c", b.out("count")), ("n", b.out("load"))), ANY)
    program = b.pipeline(b.call("count", word=const("banana")), b.call("load"), outputs={"both": parts})
    result = project.run(program)
    assert (result.state, result.outputs) == ("succeeded", {})
    assert result.stored["both"].type == "builtins:dict"
    bad = b.pipeline(b.call("count", word=const("a")), outputs={"x": expr("+", b.out("count"), const(1))})
    failed = project.run(bad)
    assert failed.state == "failed"
    assert "unsupported operand" in failed.failures[0].message


def test_groups_are_scopes(project: Project, b: Builder) -> None:
    inner = b.group("inner", b.call("add", a=b.out("load"), b=const(1)), r=b.out("add"))
    program = b.pipeline(
        b.call("load"),
        inner,
        b.call("add_2", a=Output("inner", "r", type_("int")), b=const(1)),
        outputs={"r": b.out("add_2")},
    )
    assert project.run(program).outputs == {"r": 7}


def test_lists_and_dicts_of_results(project: Project, b: Builder) -> None:
    parts = DictOf((("n", b.out("load")), ("w", ListOf((b.out("names"), const(None)), ANY, is_tuple=True))), ANY)
    program = b.pipeline(b.call("load"), b.call("names"), b.call("same", x=parts), outputs={"p": b.out("same")})
    assert project.run(program).outputs == {"p": {"n": 5, "w": (["b", "a", "c"], None)}}


def test_after_orders(project: Project, b: Builder, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    program = b.pipeline(
        b.call("mark", path=const(str(marks)), x=const("second"), after=["sleep", "if"]),
        b.call("sleep", seconds=const(0.2)),
        b.branch("if", (const(False), [b.call("mark_2", path=const(str(marks)), x=const("never"))]), (None, [])),
        b.call("mark_3", path=const(str(marks)), x=const("first")),
    )
    result = project.run(program)
    assert result.state == "succeeded"
    assert marks.read_text().split() == ["first", "second"]


@pytest.mark.parametrize(
    ("mode", "slow", "late"),
    [
        ("continue_on_failure", "succeeded", "succeeded"),
        ("stop_on_failure", "succeeded", "not_run"),
        ("fail_fast", "stopped", "not_run"),
    ],
)
def test_execution_modes(project: Project, b: Builder, mode: str, slow: str, late: str) -> None:
    program = b.pipeline(
        b.call("sleep", seconds=const(1.0)),
        b.call("boom", x=const(1)),
        b.call("same", x=b.out("boom")),
        b.call("shout", x=Expr("str", (b.out("sleep"),), STR)),
        config=Config(execution_mode=mode),  # type: ignore[arg-type]
    )
    result = project.run(program)
    assert result.state == "failed"
    assert result.operations["boom"] == "failed"
    assert (result.operations["sleep"], result.operations["shout"]) == (slow, late)
    assert result.operations["same"] in ("upstream_failed", "not_run")


def test_a_failed_iteration_fails_what_collects_it_and_nothing_else(project: Project, b: Builder) -> None:
    loop = b.loop(
        "for", const([2, 0, 1]), b.call("same", x=expr("//", const(2), item("for"), annotation="int")), c=b.out("same")
    )
    program = b.pipeline(loop, b.call("join", xs=Output("for", "c", ANY)), b.call("load"))
    result = project.run(program)
    assert result.state == "failed"
    assert result.operations == {
        "same@0": "succeeded",
        "same@1": "failed",
        "same@2": "succeeded",
        "join": "upstream_failed",
        "load": "succeeded",
    }


def test_a_loop_that_cannot_start_names_its_steps(project: Project, b: Builder) -> None:
    loop = b.loop("for", b.out("boom"), b.call("shout", x=item("for")), c=b.out("shout"))
    result = project.run(b.pipeline(b.call("boom"), loop))
    assert result.operations == {"boom": "failed", "shout": "upstream_failed"}


HOSTILE = [
    "{{x}}",
    "{% if %}",
    "$(rm -rf /)",
    "'\"\\",
    "a\nb\r\tc",
    "\x00\x01\x7f",
    "🙂é\u2028",
    "",
    " ",
    "2**53+1",
    "\ud800",
]


def test_hostile_text_arrives_as_it_was(project: Project, b: Builder) -> None:
    given = b.param("given", "list[str]")
    b.step("same", "x: str", "output: str")
    loop = b.loop("for", given, b.call("same", x=item("for", "str")), c=b.out("same"))
    program = b.pipeline(loop, outputs={"c": Output("for", "c", STRINGS), "given": given})
    result = project.run(program, {"given": HOSTILE})
    assert result.outputs == {"c": HOSTILE, "given": HOSTILE}


@pytest.mark.parametrize("number", [2**53 + 1, -(2**80), 10**400, -0.0, 1e308, float("inf"), 5e-324])
def test_numbers_arrive_as_they_were(project: Project, b: Builder, number: float) -> None:
    b.step("same", "x: Any", "output: Any")
    result = project.run(b.pipeline(b.call("same", x=const(number)), outputs={"n": b.out("same")}))
    assert repr(result.outputs["n"]) == repr(number)


def test_items_of_a_loop_are_read_by_their_place(project: Project, b: Builder) -> None:
    pairs = const([["a", 1], ["b", 2]])
    loop = b.loop("for", pairs, b.call("same", x=Item("for", ANY, (1,))), c=b.out("same"))
    assert project.run(b.pipeline(loop, outputs={"c": Output("for", "c", ANY)})).outputs == {"c": [1, 2]}
