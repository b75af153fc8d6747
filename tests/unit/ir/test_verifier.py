"""Each invariant, broken alone: the verifier names the operation and what does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ir_builders import Builder, const, item, type_
from pipec.compiler.ir.model import Call, CodeFile, Parameter, Pipeline, PipelineOutput, StepOutput
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.verifier import verify

ANY = type_("Any")


def with_step(pipeline: Pipeline, under: str, /, **changes: object) -> Pipeline:
    changed = replace(pipeline.steps[under], **changes)  # type: ignore[arg-type]
    return replace(pipeline, steps={**pipeline.steps, under: changed})


def id_twice(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a"), b.group("g", b.call("a")))


def id_twice_in_two_arms(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (const(1), [b.call("a")]), (None, [b.call("a")])))


def read_before_made(b: Builder) -> Pipeline:
    return b.pipeline(b.call("b", x=Output("a", "output", ANY)), b.call("a"))


def read_into_a_body(b: Builder) -> Pipeline:
    return b.pipeline(b.group("g", b.call("a")), b.call("b", x=Output("a", "output", ANY)))


def read_across_arms(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (const(1), [b.call("a")]), (None, [b.call("b", x=Output("a", "output", ANY))])))


def result_from_the_other_arm(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (const(1), [b.call("a")]), (None, []), r=(const(1), Output("a", "output", ANY))))


def output_reads_into_a_body(b: Builder) -> Pipeline:
    return b.pipeline(b.loop("l", const([1]), b.call("a")), outputs={"r": Output("a", "output", ANY)})


def no_such_output(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a"), b.call("b", x=Output("a", "model", ANY)))


def no_such_result(b: Builder) -> Pipeline:
    return b.pipeline(b.group("g", b.call("a")), b.call("b", x=Output("g", "r", ANY)))


def no_such_parameter(b: Builder) -> Pipeline:
    param = b.param("p")
    return replace(b.pipeline(b.call("a", x=param)), parameters=())


def item_outside_its_loop(b: Builder) -> Pipeline:
    return b.pipeline(b.loop("l", const([1]), b.call("a", x=item("l"))), b.call("b", x=item("l")))


def items_that_read_the_item(b: Builder) -> Pipeline:
    return b.pipeline(b.loop("l", item("l"), b.call("a")))


def after_nowhere(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", after=["z"]))


def after_twice(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a"), b.call("b", after=["a", "a"]))


def step_not_in_the_table(b: Builder) -> Pipeline:
    return replace(b.pipeline(b.call("a")), steps={})


def step_that_nothing_calls(b: Builder) -> Pipeline:
    pipeline = b.pipeline(b.call("a"), b.call("b"))
    return replace(pipeline, body=replace(pipeline.body, operations=pipeline.body.operations[:1]))


def step_under_another_name(b: Builder) -> Pipeline:
    return with_step(b.pipeline(b.call("a")), "steps:a", symbol="steps:other")


def input_that_the_step_lacks(b: Builder) -> Pipeline:
    return with_step(b.pipeline(b.call("a", x=const(1))), "steps:a", inputs=())


def required_input_left_out(b: Builder) -> Pipeline:
    b.step("a", "x: int")
    return b.pipeline(b.call("a"))


def results_not_total(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (const(1), []), r=(const(1),)))


def results_for_other_arms(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (const(1), []), (None, []), r=(const(1),)))


def else_before_the_end(b: Builder) -> Pipeline:
    return b.pipeline(b.branch("if_1", (None, []), (const(1), [])))


def text_as_a_parameter(b: Builder) -> Pipeline:
    return with_step(b.pipeline(b.call("a")), "steps:a", outputs=(StepOutput("output", type_("str"), "parameter"),))


def mirrored_parameter(b: Builder) -> Pipeline:
    b.step("a", outputs="n: int")
    call = b.call("a")
    return b.pipeline(replace(call, mirrored=("n",)))


def value_without_a_type(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", x=Const(1, None)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def malformed_constant(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", x=Const([{"$pipec": ["unheard"]}], ANY)))


def infinite_constant(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", x=Const([float("inf")], ANY)))


def parameter_twice(b: Builder) -> Pipeline:
    pipeline = b.pipeline(b.call("a"))
    parameter = Parameter("p", ANY, pipeline.span)
    return replace(pipeline, parameters=(parameter, parameter))


def output_twice(b: Builder) -> Pipeline:
    output = PipelineOutput("r", const(1))
    return replace(b.pipeline(b.call("a")), outputs=(output, output))


def code_outside(b: Builder) -> Pipeline:
    return replace(b.pipeline(b.call("a")), code=(CodeFile("../../etc/x.py", ""),))


BROKEN: dict[Callable[[Builder], Pipeline], str] = {
    id_twice: "`a`: the id occurs twice",
    id_twice_in_two_arms: "`a`: the id occurs twice",
    read_before_made: "`b`: reads `a.output`, which is not made earlier in a scope around it",
    read_into_a_body: "`b`: reads `a.output`, which is not made earlier in a scope around it",
    read_across_arms: "`b`: reads `a.output`, which is not made earlier in a scope around it",
    result_from_the_other_arm: "result of `if_1`: reads `a.output`, which is not made earlier in a scope around it",
    output_reads_into_a_body: "pipeline output: reads `a.output`, which is not made earlier in a scope around it",
    no_such_output: "`b`: reads `a.model`, but `a` has no such output",
    no_such_result: "`b`: reads `g.r`, but `g` has no such output",
    no_such_parameter: "`a`: the pipeline has no parameter `p`",
    item_outside_its_loop: "`b`: `l` is no loop around this place",
    items_that_read_the_item: "`l`: `l` is no loop around this place",
    after_nowhere: "`a`: `after` names `z`, which does not exist",
    after_twice: "`b`: `after` names an operation twice",
    step_not_in_the_table: "`a`: step `steps:a` is not in the table",
    step_that_nothing_calls: "steps: `steps:b` is called nowhere",
    step_under_another_name: "steps: `steps:other` stands under `steps:a`",
    input_that_the_step_lacks: "`a`: step `steps:a` has no input `x`",
    required_input_left_out: "`a`: required input `x` is not given",
    results_not_total: "`if_1`: the results of an `If` without `else` are not total",
    results_for_other_arms: "`if_1`: result `r` has 1 values for 2 arms",
    else_before_the_end: "`if_1`: an `If` has arms, and only the last may be without a condition",
    text_as_a_parameter: "steps: output `output` of `steps:a` travels as a parameter but is `str`",
    mirrored_parameter: "`a`: `n` is mirrored but is no artifact output",
    value_without_a_type: "`a`: a value has no type",
    malformed_constant: "`a`: a constant is not canonical JSON: a malformed `$pipec` object",
    infinite_constant: "`a`: a constant is not canonical JSON: Out of range float values are not JSON compliant",
    parameter_twice: "pipeline: parameter `p` occurs twice",
    output_twice: "pipeline: two outputs have one name",
    code_outside: "code: `../../etc/x.py` is not a path below the code root",
}


@pytest.mark.parametrize(("build", "violation"), BROKEN.items(), ids=[build.__name__ for build in BROKEN])
def test_a_broken_invariant_is_named(build: Callable[[Builder], Pipeline], violation: str) -> None:
    (found,) = verify(build(Builder()))
    assert found.startswith(violation)


def test_after_may_cross_scopes_only_before_lifting() -> None:
    b = Builder()
    pipeline = b.pipeline(
        b.group("g", b.call("a")), b.call("b", after=["a"]), b.group("h", b.call("c", after=["b", "g"]))
    )
    assert verify(pipeline) == []
    assert verify(pipeline, is_lifted=True) == ["`b`: `after` names `a`, which is in another scope"]


def test_after_may_name_what_comes_later() -> None:
    b = Builder()
    assert verify(b.pipeline(b.call("a", after=["b"]), b.call("b")), is_lifted=True) == []


def test_what_is_made_in_a_body_may_be_read_there() -> None:
    b = Builder()
    outer = b.call("a")
    assert isinstance(outer, Call)
    inner = b.loop("l", b.out("a"), b.call("b", x=b.out("a"), y=item("l")), r=b.out("b"))
    assert (
        verify(b.pipeline(outer, b.group("g", inner, r=Output("l", "r", ANY)), b.call("c", x=Output("g", "r", ANY))))
        == []
    )
