"""Walks: order, scopes, captures, dependencies."""

from __future__ import annotations

from pipec.compiler.ir import walk
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Arm, Block, Call, ForEach, Group, If, Operation
from pipec.compiler.ir.rewrite import map_leaves, map_values, rewrite
from pipec.compiler.ir.types import ANY, INT
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, ListOf, Output, Param, Value
from pipec.compiler.source import Position, Span

SPAN = Span("p.py", Position(1, 1), Position(1, 2))
CONFIG = Config()


def out(operation: str, name: str = "output") -> Output:
    return Output(operation, name, ANY)


def call(id_: str, *after: str, label: Value | None = None, **arguments: Value) -> Call:
    return Call(id_, f"steps:{id_}", arguments, SPAN, CONFIG, after, label)


def group(id_: str, *inside: Operation, after: tuple[str, ...] = (), **results: Value) -> Group:
    return Group(id_, id_, Block(inside), results, SPAN, after)


def nested() -> Block:
    """One of each: a call, a group with a loop in it, in which there is a condition."""
    condition = If(
        "if_1",
        (
            Arm(Expr(">", (Item("loop", INT, (0,)), Param("limit", INT)), ANY), Block((call("deep", x=out("load")),))),
            Arm(None, Block()),
        ),
        {"r": (out("deep"), out("first"))},
        SPAN,
    )
    loop = ForEach(
        "loop", out("first", "names"), Block((condition, call("use", r=out("if_1", "r")))), {"all": out("use")}, SPAN
    )
    inner = group("inner", call("first", data=out("load")), loop, after=("prepare",), all=out("loop", "all"))
    return Block(
        (
            call("load"),
            call("prepare"),
            inner,
            call("last", "load", x=ListOf((out("inner", "all"), Const(1, INT)), ANY)),
        )
    )


def test_operations_come_before_what_is_inside_and_in_order() -> None:
    assert [op.id for op in walk.operations(nested())] == [
        "load",
        "prepare",
        "inner",
        "first",
        "loop",
        "if_1",
        "deep",
        "use",
        "last",
    ]
    assert [op.id for op in walk.calls(nested())] == ["load", "prepare", "first", "deep", "use", "last"]


def test_depth_is_no_limit() -> None:
    block = Block((call("seed"),))
    for depth in range(5_000):
        block = Block((Group(f"g{depth}", "g", block, {"r": out("outside")}, SPAN),))
    assert sum(1 for _ in walk.operations(block)) == 5_001
    assert walk.captures(block) == (out("outside"),)
    assert walk.dependencies(block.operations[0]) == ("outside",)


def test_leaves_from_left_to_right() -> None:
    value = Expr("+", (DictOf((("a", out("a")), ("b", ListOf((Param("p", INT), out("b")), ANY))), ANY), out("a")), ANY)
    assert list(walk.leaves(value)) == [out("a"), Param("p", INT), out("b"), out("a")]


def test_captures_of_a_body_are_what_is_made_outside_in_order_of_first_use() -> None:
    loop = next(op for op in walk.operations(nested()) if isinstance(op, ForEach))
    assert walk.captures(loop.body, loop.results.values()) == (
        Item("loop", INT, (0,)),
        Param("limit", INT),
        out("first"),
        out("load"),
    )


def test_captures_are_told_apart_by_place_not_by_type() -> None:
    body = Block((call("a", x=Output("load", "output", INT), y=out("load"), z=out("load", "other")),))
    assert walk.captures(body) == (Output("load", "output", INT), out("load", "other"))


def test_a_result_handed_through_is_captured() -> None:
    assert walk.captures(Block(), [out("load")]) == (out("load"),)


def test_dependencies_are_data_then_order_each_once() -> None:
    operation = call("x", "c", "a", p=out("b"), q=ListOf((out("a"), out("b")), ANY))
    assert walk.dependencies(operation) == ("b", "a", "c")


def test_what_a_body_reads_or_waits_for_is_a_dependency_of_its_operation() -> None:
    block = nested()
    assert walk.edges(block) == {"load": (), "prepare": (), "inner": ("load", "prepare"), "last": ("inner", "load")}
    inner = block.operations[2]
    assert isinstance(inner, Group)
    assert walk.edges(inner.body) == {"first": (), "loop": ("first",)}
    assert walk.dependencies(inner.body.operations[1]) == ("first", "load")
    waiting = group("g", call("x", "outside"), call("y", "x"))
    assert walk.dependencies(waiting) == ("outside",)


def test_a_label_makes_no_edge() -> None:
    assert walk.dependencies(call("x", label=out("load"))) == ()


def test_an_operation_that_waits_for_itself_is_not_hidden() -> None:
    assert walk.dependencies(call("x", "x")) == ("x",)
    assert walk.dependencies(group("g", call("x", "g"))) == ("g",)


def test_common_scope() -> None:
    known = walk.places(nested())
    pairs = {
        ("deep", "load"): ("inner", "load"),
        ("deep", "use"): ("if_1", "use"),
        ("deep", "inner"): ("inner", "inner"),
    }
    for (first, second), expected in pairs.items():
        a, b = walk.common_scope(known[first], known[second], known)
        assert (a.operation.id, b.operation.id) == expected
    assert [place.operation.id for place in walk.ancestors(known["deep"], known)] == ["if_1", "loop", "inner"]


def test_arms_of_one_if_meet_at_the_if() -> None:
    choice = If("if_1", (Arm(Param("p", ANY), Block((call("a"),))), Arm(None, Block((call("b"),)))), {}, SPAN)
    known = walk.places(Block((choice,)))
    a, b = walk.common_scope(known["a"], known["b"], known)
    assert a.operation is b.operation is choice


def test_rewriting_nothing_gives_the_same_object() -> None:
    block = nested()
    assert rewrite(block, lambda operation: (operation,)) is block
    value = block.operations[3]
    assert isinstance(value, Call)
    assert map_leaves(value.arguments["x"], lambda leaf: leaf) is value.arguments["x"]


def test_rewriting_reaches_every_value() -> None:
    def rename(operation: Operation) -> tuple[Operation, ...]:
        return (
            map_values(
                operation, lambda value: map_leaves(value, lambda leaf: Const(0, INT) if leaf == out("load") else leaf)
            ),
        )

    changed = rewrite(nested(), rename)
    read = [
        leaf
        for op in walk.operations(changed)
        for value in (*walk.values_of(op), *walk.results_of(op))
        for leaf in walk.leaves(value)
    ]
    assert out("load") not in read
    assert read.count(Const(0, INT)) == 2
    assert [op.id for op in walk.operations(changed)] == [op.id for op in walk.operations(nested())]


def test_rewriting_may_drop_and_add() -> None:
    doubled = rewrite(
        nested(), lambda op: () if op.id == "deep" else (op, call(op.id + "_")) if op.id == "use" else (op,)
    )
    assert [op.id for op in walk.calls(doubled)] == ["load", "prepare", "first", "use", "use_", "last"]
