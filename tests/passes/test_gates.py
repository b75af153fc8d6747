"""`insert_gates` on small programs, before and after, in `gates.test` (`make bless` rewrites it)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings

from ir_builders import Builder, const, expr, item, type_
from pipec.compiler.gates import insert_gates, is_gate
from pipec.compiler.ir.model import ForEach, If, Pipeline
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.values import Item, Output, Param, Value
from pipec.compiler.ir.verifier import verify
from pipec.compiler.ir.walk import leaves, operations
from pipec.compiler.passes import run_passes
from pipec.runtime import gates
from strategies import pipelines


def three_arms(b: Builder) -> Pipeline:
    flag = b.param("flag", "bool")
    arms = (flag, [b.call("a")]), (expr("==", flag, const("x")), [b.call("b")]), (None, [b.call("c")])
    return b.pipeline(b.call("first"), b.branch("if_1", *arms, after=["first"]))


def without_else(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (b.param("flag", "bool"), [b.call("a")])))


def loop_over_a_result(b: Builder) -> Pipeline:
    b.step("names", outputs="output: list[str]")
    loop = b.loop("for_x", b.out("names"), b.call("a", x=item("for_x")), r=b.out("a"))
    return b.pipeline(b.call("names"), loop, b.call("b", x=Output("for_x", "r", type_("list"))))


def loop_over_what_is_computed_with_paths(b: Builder) -> Pipeline:
    pairs = expr("zip", b.param("xs", "list[int]"), b.param("ys", "list[str]"))
    body = b.call("a", x=Item("for_x", type_("int"), (0,)), y=Item("for_x", type_("str"), (1,)))
    return b.pipeline(b.loop("for_x", pairs, body))


def loop_over_constants(b: Builder) -> Pipeline:
    return b.pipeline(b.loop("for_x", const(["a", "b"]), b.call("a", x=item("for_x"))))


def inner_loop_over_the_outer_item(b: Builder) -> Pipeline:
    inner = b.loop("for_y", item("for_x"), b.call("a", x=item("for_y"), y=item("for_x")))
    return b.pipeline(b.loop("for_x", b.param("rows", "list[list[int]]"), inner))


def condition_over_the_item(b: Builder) -> Pipeline:
    branch = b.branch("if_1", (expr(">", item("for_x"), const(0)), [b.call("a", x=item("for_x"))]), (None, []))
    return b.pipeline(b.loop("for_x", b.param("xs", "list[int]"), branch))


def loop_over_a_dict(b: Builder) -> Pipeline:
    return b.pipeline(b.loop("for_x", b.param("d", "dict[str, int]"), b.call("a", x=item("for_x"))))


def taken_id(b: Builder) -> Pipeline:
    return b.pipeline(b.call("if_1_gate"), b.branch("if_1", (b.param("flag", "bool"), [b.call("a")])))


CASES = (
    three_arms,
    without_else,
    loop_over_a_result,
    loop_over_what_is_computed_with_paths,
    loop_over_constants,
    inner_loop_over_the_outer_item,
    condition_over_the_item,
    loop_over_a_dict,
    taken_id,
)


def test_programs(golden: Callable[[Path, str], None]) -> None:
    blocks: list[str] = []
    for build in CASES:
        before = build(Builder())
        after = insert_gates(before)
        assert verify(after) == [], build.__name__
        title = build.__name__.replace("_", " ")
        blocks.append(f"[case {title}]\n{print_pipeline(before)}\n[after]\n{print_pipeline(after)}")
    golden(Path(__file__).with_name("gates.test"), "\n".join(blocks))


def test_what_is_native_stays() -> None:
    before = three_arms(Builder())
    assert insert_gates(before, is_native_condition=lambda _: True) is before
    loop = loop_over_a_result(Builder())
    assert insert_gates(loop, is_native_items=lambda value: isinstance(value, Output)) is loop


@given(pipelines())
@settings(max_examples=60)
def test_every_pipeline_stays_sound_and_becomes_simple(pipeline: Pipeline) -> None:
    pipeline, found = run_passes(pipeline)
    if any(one.is_error for one in found):
        return
    after = insert_gates(pipeline)
    assert verify(after, is_lifted=True) == []
    for operation in operations(after.body):
        if isinstance(operation, If):
            read = [leaf for arm in operation.arms if arm.condition for leaf in leaves(arm.condition)]
            assert all(_is_const(leaf) or _reads_gate(leaf, after) for leaf in read)
        elif isinstance(operation, ForEach):
            assert _is_const(operation.items) or _reads_gate(operation.items, after)


def _is_const(value: Value) -> bool:
    return not isinstance(value, Output | Param | Item) and not list(
        leaf for leaf in leaves(value) if leaf is not value
    )


def _reads_gate(value: Value, pipeline: Pipeline) -> bool:
    by_id = {operation.id: operation for operation in operations(pipeline.body)}
    return isinstance(value, Output) and is_gate(by_id[value.operation])


def test_the_steps_themselves() -> None:
    assert gates.arm(2) == 2
    assert gates.count({"a": 1, "b": 2}) == ([0, 1], 2)
    assert gates.count("") == ([], 0)
    assert gates.loop(zip([1, 2], "ab", strict=True)) == ([(1, "a"), (2, "b")], [0, 1], 2)
