"""Conditions and loops, run by the interpreter of the emitted YAML: source programs against plain Python, and IR."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ir_builders import Builder, const, expr, item, type_
from oracle import plain_outputs
from pipec.backends.argo import backend
from pipec.backends.argo.text import enc
from pipec.backends.argo_interpreter import Run, submit
from pipec.compiler.backend import Request
from pipec.compiler.driver import Compilation, compile
from pipec.compiler.ir.model import CodeFile, Pipeline
from pipec.compiler.ir.values import DictOf, ListOf, Output, Value
from pipec.compiler.passes import run_passes

PROGRAMS = Path(__file__).resolve().parent / "programs"
OPTIONS = {option.name: option.default for option in backend.options}


@cache
def compiled(name: str) -> Compilation:
    return compile(PROGRAMS / f"{name}.py", "argo")


def run_text(text: str, folder: Path, arguments: dict[str, Any]) -> Run:
    run = submit(text, folder, {name: enc(value) for name, value in arguments.items()})
    shown = "\n".join(f"{name}: {node.phase} {node.message} {node.log}" for name, node in run.nodes.items())
    assert run.phase == "Succeeded", shown
    return run


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("branches", {}),
        ("branches", {"seed": 2}),
        ("branches", {"seed": -3}),
        ("branches", {"seed": 5, "mode": "slow", "limit": 3}),
        ("branches", {"dry": True}),
        ("loops", {}),
        ("loops", {"kinds": []}),
        ("loops", {"top": 0}),
        ("loops", {"kinds": ["a {{item}} $(x)"], "top": 2}),
        ("nested_loops", {}),
        ("nested_loops", {"kinds": []}),
        ("nested_loops", {"count": 0, "more": False}),
    ],
)
def test_programs_mean_what_python_does(name: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    (pipeline,) = compiled(name).pipelines
    outputs = [output.name for output in pipeline.outputs]
    run = run_text(compiled(name).files[0].text, tmp_path, arguments)
    expected = plain_outputs(PROGRAMS / f"{name}.py", name, len(outputs), arguments)
    assert [json.loads(run.outputs.parameters[output]) for output in outputs] == expected


# Pipelines built as IR, with steps that Python runs.

STEPS = """\
class Box:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


def box(name):
    return Box(name)


def size(name):
    return float("nan") if name == "nan" else len(name) / 2


def show(value):
    return repr(value)


def fail(value):
    raise RuntimeError(value)
"""


def builder() -> Builder:
    b = Builder()
    b.step("box", "name: str", "output: steps.Box")
    b.step("size", "name: str", "output: float")
    b.step("show", "value: Any", "output: str")
    b.step("fail", "value: Any", "output: str")
    return b


def text_of(pipeline: Pipeline) -> str:
    pipeline = replace(pipeline, code=(CodeFile("steps.py", STEPS),))
    pipeline, found = run_passes(pipeline)
    assert [one for one in found if one.is_error] == []
    model, faults = backend.legalize(pipeline, Request("p.py", "pipec compile p.py", OPTIONS))
    assert model is not None, faults
    files = backend.emit(model, Request("p.py", "pipec compile p.py", OPTIONS))
    assert backend.check(files) == []
    return files[0].text


def shown(b: Builder, *operations: Any, value: Value) -> Pipeline:
    """The pipeline that shows `value` at its end."""
    last = b.call("show", value=value)
    return b.pipeline(*operations, last, outputs={"text": b.out("show")})


def text_after(pipeline: Pipeline, folder: Path, **arguments: Any) -> str:
    run = run_text(text_of(pipeline), folder, arguments)
    text: str = json.loads(run.outputs.parameters["text"])
    return text


ROWS = "list[list[str]]"


def rows_of_boxes(b: Builder, *, in_group: bool = False) -> tuple[Any, Value]:
    """Lists of lists of artifacts, of numbers and of both, over a parameter `rows`."""
    rows = b.param("rows", ROWS, const([["a", "bb"], [], ["nan"]]))
    inner = b.loop(
        "for_y", item("for_x", "list[str]"), b.call("box", name=item("for_y", "str")),
        b.call("size", name=item("for_y", "str")), boxes=b.out("box"), sizes=b.out("size"),
    )  # fmt: skip
    boxes, sizes = Output("for_y", "boxes", type_("list")), Output("for_y", "sizes", type_("list"))
    first = b.call("show_2", step="show", value=ListOf((boxes, sizes), type_("list")))
    outer = b.loop(
        "for_x", rows, inner, first, boxes=boxes, sizes=sizes, texts=Output("show_2", "output", type_("str"))
    )
    read = {name: Output("for_x", name, type_("list")) for name in ("boxes", "sizes", "texts")}
    if not in_group:
        return outer, DictOf(tuple(read.items()), type_("dict"))
    group = b.group("inner", outer, everything=DictOf(tuple(read.items()), type_("dict")))
    return group, Output("inner", "everything", type_("dict"))


EXPECTED = "{'boxes': [[<a>, <bb>], [], [<nan>]], 'sizes': [[0.5, 1.0], [], [nan]], 'texts': %s}"
TEXTS = ["[[<a>, <bb>], [0.5, 1.0]]", "[[], []]", "[[<nan>], [nan]]"]


@pytest.mark.parametrize("in_group", [False, True])
def test_lists_of_lists(in_group: bool, tmp_path: Path) -> None:
    b = builder()
    operation, value = rows_of_boxes(b, in_group=in_group)
    assert text_after(shown(b, operation, value=value), tmp_path) == EXPECTED % TEXTS


@pytest.mark.parametrize("rows", [[], [[]]])
def test_empty_lists(rows: list[Any], tmp_path: Path) -> None:
    b = builder()
    operation, value = rows_of_boxes(b)
    expected = {"boxes": rows, "sizes": rows, "texts": ["[[], []]"] * len(rows)}
    assert text_after(shown(b, operation, value=value), tmp_path, rows=rows) == repr(expected)


@pytest.mark.parametrize(("flag", "expected"), [(True, "[[<a>, <b>], [0.5, 0.5]]"), (False, "[None, 'none']")])
def test_a_loop_in_an_arm(flag: bool, expected: str, tmp_path: Path) -> None:
    b = builder()
    test = b.param("flag", "bool", const(True))
    names = b.param("names", "list[str]", const(["a", "b"]))
    loop = b.loop("for_x", names, b.call("box", name=item("for_x", "str")), b.call("size", name=item("for_x", "str")),
                  boxes=b.out("box"), sizes=b.out("size"))  # fmt: skip
    results: dict[str, Any] = {
        "boxes": (Output("for_x", "boxes", type_("list")), const(None)),
        "sizes": (Output("for_x", "sizes", type_("list[float]")), const("none")),
    }
    branch = b.branch("if_flag", (test, [loop]), (None, []), **results)
    read = ListOf(tuple(Output("if_flag", name, type_("Any")) for name in results), type_("list"))
    assert text_after(shown(b, branch, value=read), tmp_path, flag=flag) == expected


def test_one_artifact_in_two_lists_and_in_a_branch(tmp_path: Path) -> None:
    """An artifact lies below one key only: the second list has a copy."""
    b = builder()
    names = b.param("names", "list[str]", const(["a", "bcd"]))
    first, second = b.call("box", name=item("for_x", "str")), b.call("box_2", step="box", name=const("else"))
    size = b.call("size", name=item("for_x", "str"))
    other = b.branch(
        "if_1", (expr(">", b.out("size"), const(1.0)), [second]), (None, [b.call("box_3", step="box", name=const("no"))]),
        x=(Output("box_2", "output", type_("steps.Box")), Output("box_3", "output", type_("steps.Box"))),
        y=(Output("box_2", "output", type_("steps.Box")), const(None)),
    )  # fmt: skip
    x, y = Output("if_1", "x", type_("steps.Box")), Output("if_1", "y", type_("Any"))
    pair = ListOf((b.out("box"), x), type_("tuple"), True)
    loop = b.loop("for_x", names, first, size, other, a=b.out("box"), again=b.out("box"), x=x, y=y, pair=pair)
    read = {name: Output("for_x", name, type_("list")) for name in ("a", "again", "x", "y", "pair")}
    assert text_after(shown(b, loop, value=DictOf(tuple(read.items()), type_("dict"))), tmp_path) == (
        "{'a': [<a>, <bcd>], 'again': [<a>, <bcd>], 'x': [<no>, <else>], 'y': [None, <else>],"
        " 'pair': [(<a>, <no>), (<bcd>, <else>)]}"
    )


def test_outputs_that_are_put_together(tmp_path: Path) -> None:
    b = builder()
    names = b.param("names", "list[str]", const(["a", "bb"]))
    loop = b.loop("for_x", names, b.call("size", name=item("for_x", "str")), sizes=b.out("size"))
    sizes = Output("for_x", "sizes", type_("list[float]"))
    outputs: dict[str, Value] = {
        "sizes": sizes,
        "both": DictOf((("n", names), ("s", sizes)), type_("dict[str, list[Any]]")),
    }
    run = run_text(text_of(b.pipeline(loop, outputs=outputs)), tmp_path, {})
    assert json.loads(run.outputs.parameters["sizes"]) == [0.5, 1.0]
    assert "both" not in run.outputs.parameters, "what may hold anything is an artifact only"
    assert json.loads((run.artifact("both") / "data.json").read_text()) == {"n": ["a", "bb"], "s": [0.5, 1.0]}


def test_who_waits_for_a_branch_that_does_nothing_waits_for_what_came_before() -> None:
    b = builder()
    flag = b.param("flag", "bool")
    first = b.call("show", value=const(1))
    empty = b.branch("if_1", (flag, []), (None, []), after=["show"], x=(const("a"), flag))
    last = b.call("show_2", step="show", value=Output("if_1", "x", type_("Any")))
    text = text_of(b.pipeline(first, empty, last))
    assert "depends: show.Succeeded" in text
    assert "if-1" not in text


def test_a_failed_iteration_fails_the_loop_and_what_waits_for_it(tmp_path: Path) -> None:
    b = builder()
    names = b.param("names", "list[str]", const(["a", "b"]))
    loop = b.loop("for_x", names, b.call("fail", value=item("for_x", "str")), r=b.out("fail"))
    run = submit(text_of(shown(b, loop, value=Output("for_x", "r", type_("list")))), tmp_path)
    assert {name: node.phase for name, node in run.nodes.items()} == {
        "main": "Failed",
        "main.for-x": "Failed",
        "main.for-x.fail": "Failed",
        "main.for-x.fail(0:0)": "Failed",
        "main.for-x.fail(1:1)": "Failed",
        "main.show": "Omitted",
    }


@pytest.mark.parametrize(("taken", "expected"), [(True, "Failed"), (False, "Succeeded")])
def test_an_arm_that_is_not_taken_is_skipped(taken: bool, expected: str, tmp_path: Path) -> None:
    b = builder()
    flag = b.param("flag", "bool", const(True))
    branch = b.branch("if_1", (flag, [b.call("fail", value=const(1))]), (None, []))
    last = b.call("show", after=["if_1"], value=const(2))
    run = submit(text_of(b.pipeline(branch, last)), tmp_path, {"flag": json.dumps(taken)})
    assert run.phase == expected
    assert run.nodes["main.if-1.fail"].phase == ("Failed" if taken else "Skipped")
    assert run.nodes["main.show"].phase == ("Omitted" if taken else "Succeeded")
