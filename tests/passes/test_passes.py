"""Each pass on small programs: before, after and what it says, in one readable file per pass (`make bless` rewrites)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from ir_builders import Builder, const, expr, item, type_
from pipec.compiler.errors import InternalCompilerError
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Pipeline
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.values import Const, Json, Lazy, ListOf, Output
from pipec.compiler.ir.verifier import verify
from pipec.compiler.passes import PASSES, run_passes
from strategies import pipelines

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic

HERE = Path(__file__).parent
Case = Callable[[Builder], Pipeline]
CASES: dict[str, dict[str, Case]] = {name: {} for name, _ in PASSES}


def case(pass_: str) -> Callable[[Case], Case]:
    def register(build: Case) -> Case:
        CASES[pass_][build.__name__.replace("_", " ")] = build
        return build

    return register


@case("lift_after")
def into_a_group(b: Builder) -> Pipeline:
    return b.pipeline(b.group("inner", b.call("a"), b.call("b")), b.call("c", after=["b", "a"]))


@case("lift_after")
def out_of_a_loop_into_a_group(b: Builder) -> Pipeline:
    inner = b.group("inner", b.group("innermost", b.call("a")))
    return b.pipeline(inner, b.loop("loop", const([1]), b.call("b", after=["a"])))


@case("lift_after")
def to_an_outer_operation_stays(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a"), b.group("inner", b.call("b", after=["a"])))


@case("lift_after")
def between_arms_goes(b: Builder) -> Pipeline:
    flag = b.param("flag", "bool")
    return b.pipeline(b.branch("if_1", (flag, [b.call("a")]), (None, [b.call("b", after=["a"])])))


@case("lift_after")
def the_same_operation_twice_is_once(b: Builder) -> Pipeline:
    return b.pipeline(b.group("inner", b.call("a"), b.call("b")), b.call("c"), b.call("d", after=["a", "c", "inner"]))


@case("check_cycles")
def two_calls(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", after=["b"]), b.call("b", x=b.out("a")))


@case("check_cycles")
def itself(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", after=["a"]), b.call("b"))


@case("check_cycles")
def through_a_group(b: Builder) -> Pipeline:
    inner = b.group("inner", b.call("a", after=["c"]), r=b.out("a"))
    return b.pipeline(inner, b.call("b", x=Output("inner", "r", type_("Any"))), b.call("c", after=["b"]))


@case("check_cycles")
def two_circles_are_two_faults(b: Builder) -> Pipeline:
    first = [b.call("a", after=["b"]), b.call("b", after=["a"])]
    return b.pipeline(
        *first, b.group("inner", b.call("c", after=["d"]), b.call("d", after=["e"]), b.call("e", after=["c"]))
    )


@case("check_cycles")
def later_but_no_circle(b: Builder) -> Pipeline:
    return b.pipeline(b.call("a", after=["c"]), b.call("b", after=["c"]), b.call("c"))


@case("drop_dead_arms")
def one_arm_always_runs(b: Builder) -> Pipeline:
    arms = (const(False), [b.call("a")]), (None, [b.call("b"), b.call("c", x=b.out("b"))])
    choice = b.branch("if_1", *arms, after=["first"], r=(b.out("a"), b.out("c")))
    read = ListOf((Output("if_1", "r", type_("Any")),), type_("list"))
    return b.pipeline(
        b.call("first"),
        choice,
        b.call("d", x=read, after=["if_1", "a", "b"]),
        outputs={"r": Output("if_1", "r", type_("Any"))},
    )


@case("drop_unused_results")
def what_is_read_through_another_result_stays(b: Builder) -> Pipeline:
    any_ = type_("Any")
    inner = b.branch(
        "if_2", (b.param("n", "int"), [b.call("a")]), (None, []), r=(b.out("a"), const(None)), s=(const(1), const(2))
    )
    outer = b.branch(
        "if_1",
        (b.param("m", "int"), [inner]),
        (None, []),
        r=(Output("if_2", "r", any_), const(0)),
        t=(Output("if_2", "s", any_), const(0)),
    )
    return b.pipeline(outer, b.call("c", x=Output("if_1", "r", any_)))


@case("drop_unused_results")
def all_are_read(b: Builder) -> Pipeline:
    loop = b.loop("loop", const([1]), b.call("a", x=item("loop")), r=b.out("a"))
    return b.pipeline(loop, outputs={"r": Output("loop", "r", type_("Any"))})


@case("drop_dead_arms")
def no_arm_runs(b: Builder) -> Pipeline:
    choice = b.branch("if_1", (const(0), [b.call("a")]), (None, []), after=["first"], r=(b.out("a"), const(None)))
    return b.pipeline(b.call("first"), choice, b.call("d", x=Output("if_1", "r", type_("Any")), after=["if_1"]))


@case("drop_dead_arms")
def an_elif_becomes_the_else(b: Builder) -> Pipeline:
    flag = b.param("flag", "bool")
    arms = (const([]), [b.call("a")]), (flag, [b.call("b")]), (const("yes"), [b.call("c")]), (None, [b.call("d")])
    return b.pipeline(
        b.branch("if_1", *arms, r=(b.out("a"), b.out("b"), b.out("c"), b.out("d"))),
        outputs={"r": Output("if_1", "r", type_("Any"))},
    )


@case("drop_dead_arms")
def one_inside_the_other(b: Builder) -> Pipeline:
    inner = b.branch("if_2", (const(1), [b.call("a")]), (None, []), r=(b.out("a"), const(None)))
    outer = b.branch("if_1", (const(1), [inner]), (None, []), r=(Output("if_2", "r", type_("Any")), const(None)))
    return b.pipeline(outer, b.call("b", x=Output("if_1", "r", type_("Any")), after=["if_1"]))


@case("drop_dead_arms")
def what_the_project_decides_stays(b: Builder) -> Pipeline:
    mode = Const({"$pipec": ["enum", "steps:Mode", "FAST"]}, type_("steps.Mode"))
    return b.pipeline(b.branch("if_1", (mode, [b.call("a")]), (None, [])))


@case("check_edges")
def certain_mismatches(b: Builder) -> Pipeline:
    b.step("load", outputs="frame: pandas.DataFrame, text: str, pair: tuple[int, str]")
    b.step(
        "use", "n: int = 0, s: str = '', f: pandas.DataFrame = None, p: tuple[str, str] = None, o: float | None = None"
    )
    name = b.param("name", "str")
    return b.pipeline(
        b.call("load"),
        b.call("use", n=b.out("load", "frame"), s=const(3), f=b.out("load", "text"), p=b.out("load", "pair")),
        b.call("use_2", n=name, s=const([1]), o=b.out("load", "text")),
        b.loop("loop", b.param("count", "int"), b.call("use_3")),
    )


@case("check_edges")
def what_may_fit(b: Builder) -> Pipeline:
    b.step(
        "load",
        outputs="n: int, x: float, o: int | None, u: Any, a: numpy.ndarray, l: list[int], e: steps.Kind, i: list[str]",
    )
    b.step(
        "use",
        "n: int = 0, x: float = 0, s: str = '', f: pandas.DataFrame = None, t: tuple[int, ...] = (), l: list[int] = []",
    )
    return b.pipeline(
        b.call("load"),
        b.call("use", n=b.out("load", "x"), x=b.out("load", "n"), s=b.out("load", "e"), f=b.out("load", "a")),
        b.call("use_2", n=b.out("load", "o"), s=b.out("load", "u"), t=b.out("load", "l"), l=b.out("load", "i")),
        b.call("use_3", n=const("3"), x=const(True), l=const([])),
    )


@case("check_secrets")
def by_name(b: Builder) -> Pipeline:
    environment = {
        "DB_PASSWORD": "hunter2",
        "HF_TOKEN": "{{hf.token}}",
        "MAX_TOKENS": "100",
        "TOKENIZERS_PARALLELISM": "false",
    }
    pod: Json = {
        "env": [{"name": "API_KEY", "value": "abc"}],
        "imagePullSecrets": ["regcred"],
        "secret": "name-of-a-secret",
    }
    config = Config(
        environment={**environment, "AWS_SECRET_ACCESS_KEY": Lazy("environment", {"name": "X"}, type_("str"))},
        settings={"orchestrator": {"pod": pod}},
        docker={"environment": {"clientSecret": "s3cr3t"}},
    )
    return b.pipeline(b.call("a", config=config))


@case("check_secrets")
def by_shape(b: Builder) -> Pipeline:
    b.param("url", "str", const("postgres://me:open-sesame@db/x"))
    config = Config(
        environment={"INNOCENT": "ghp_" + "a1B2" * 9, "URL": "https://${USER}:${PW}@host/"},
        extra={"note": ["AKIA" + "ABCD" * 4]},
    )
    return b.pipeline(
        b.call("a", x=const({"deep": ["-----BEGIN RSA PRIVATE KEY-----"]}), y=const("risk-free")), config=config
    )


@case("assign_carriers")
def what_control_flow_reads(b: Builder) -> Pipeline:
    b.step("names", outputs="output: list[str], rest: list[str], n: int")
    b.step("use", "x", "word: str, model: sklearn.Model")
    loop = b.loop(
        "loop",
        b.out("names"),
        b.call("use", x=item("loop", "str")),
        words=b.out("use", "word"),
        models=b.out("use", "model"),
    )
    return b.pipeline(
        b.call("names"),
        b.branch(
            "if_1",
            (expr(">", b.out("names", "n"), const(0)), [loop]),
            (None, []),
            all=(Output("loop", "words", type_("list[str]")), const([])),
        ),
        outputs={"all": Output("if_1", "all", type_("list[str]"))},
    )


@case("assign_carriers")
def through_a_group_to_a_condition(b: Builder) -> Pipeline:
    b.step("word", outputs="output: str")
    inner = b.group("inner", b.call("word"), r=b.out("word"))
    condition = expr("==", Output("inner", "r", type_("str")), const("go"))
    return b.pipeline(inner, b.branch("if_1", (condition, [b.call("a")]), (None, [])))


@case("assign_carriers")
def frames_are_not_mirrored(b: Builder) -> Pipeline:
    b.step("frames", outputs="output: list[pandas.DataFrame]")
    return b.pipeline(
        b.call("frames"),
        b.loop("loop", b.out("frames"), b.call("use", x=item("loop"))),
        outputs={"all": b.out("frames")},
    )


@case("assign_carriers")
def without_an_annotation(b: Builder) -> Pipeline:
    b.step("score", outputs="output")
    return b.pipeline(
        b.call("score"),
        b.branch("if_1", (expr(">", b.out("score"), const(1)), [b.call("a")]), (None, [])),
        b.loop("loop", b.out("score"), b.call("b")),
        outputs={"score": b.out("score")},
    )


def shown(diagnostic: Diagnostic) -> str:
    lines = [f"{diagnostic.code} {diagnostic.severity} {diagnostic.span}: {diagnostic.message}"]
    lines += [f"  at {label.span}: {label.text}" for label in diagnostic.related]
    lines += [f"  note: {note}" for note in diagnostic.notes]
    return "\n".join([*lines, *([f"  help: {diagnostic.help}"] if diagnostic.help else [])])


@pytest.mark.parametrize("name", [name for name, _ in PASSES])
def test_pass(name: str, golden: Callable[[Path, str], None]) -> None:
    apply = dict(PASSES)[name]
    blocks: list[str] = []
    for title, build in CASES[name].items():
        before = build(Builder())
        assert verify(before) == [], title
        after, diagnostics = apply(before)
        assert verify(after) == [], title
        blocks.append(f"[case {title}]\n{print_pipeline(before)}")
        blocks.append(f"[after]\n{print_pipeline(after) if after != before else 'unchanged' + chr(10)}")
        blocks += [f"[diagnostics]\n{chr(10).join(map(shown, diagnostics))}\n"] if diagnostics else []
    assert blocks, "a pass without a case"
    golden(HERE / f"{name}.test", "\n".join(blocks))


def test_a_secret_is_never_printed() -> None:
    _, diagnostics = dict(PASSES)["check_secrets"](by_name(Builder()))
    more = dict(PASSES)["check_secrets"](by_shape(Builder()))[1]
    assert len(diagnostics) == 3
    assert len(more) == 4
    said = "".join(map(shown, diagnostics + more)) + repr(diagnostics + more)
    for secret in ("hunter2", "abc", "s3cr3t", "a1B2", "ABCD", "sesame", "BEGIN"):
        assert secret not in said


@given(pipelines())
@settings(max_examples=60)
def test_passes_keep_every_pipeline_sound(pipeline: Pipeline) -> None:
    before = print_pipeline(pipeline)
    after, diagnostics = run_passes(pipeline)
    assert print_pipeline(pipeline) == before, "a pass changed what it was given"
    if not any(diagnostic.is_error for diagnostic in diagnostics):
        assert verify(after, is_lifted=True) == []
        assert run_passes(after)[0] == after


def test_a_broken_invariant_is_our_own_fault() -> None:
    b = Builder()
    broken = b.pipeline(b.call("a", x=Output("nowhere", "output", type_("Any"))))
    with pytest.raises(InternalCompilerError, match=r"PC0901: .* after `lowering`: `a`: reads `nowhere\.output`"):
        run_passes(broken)
