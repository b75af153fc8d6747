"""Conditions, evaluated by CEL itself over values as KFP has them: every number a double, a step's truth value text."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cel_expr_python import cel

from ir_builders import Builder, const, expr, type_
from pipec.backends.kubeflow.conditions import arm_condition, native_conditions, read_by
from pipec.compiler import compile
from pipec.compiler.gates import insert_gates
from pipec.compiler.ir.model import If
from pipec.compiler.ir.values import Output, Param
from pipec.compiler.ir.walk import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.values import Value

PROGRAMS = Path(__file__).parent / "programs"

ENVIRONMENT = cel.NewEnv(variables={"inputs": cel.Type.DYN})


def holds(condition: str, values: Mapping[str, Any]) -> bool:
    """What CEL says of a condition; ints become doubles, as in KFP."""
    given = {name: float(value) if type(value) is int else value for name, value in values.items()}
    result = ENVIRONMENT.compile(condition).eval(data={"inputs": {"parameter_values": given}})
    assert result.type() == cel.Type.BOOL, f"{condition}: {result.value()}"
    return bool(result.value())


def parameter(name: str) -> Value:
    annotation = {"n": "int", "m": "int", "x": "float", "flag": "bool", "mode": "str", "maybe": "int | None"}[name]
    return Param(name, type_(annotation))


def truth() -> Value:
    return Output("check", "output", type_("bool"))


CONDITIONS: dict[str, Value] = {
    "n == 3": expr("==", parameter("n"), const(3)),
    "n != 3": expr("!=", parameter("n"), const(3)),
    "-1 < n": expr("<", const(-1), parameter("n")),
    "n >= 2.5": expr(">=", parameter("n"), const(2.5)),
    "x <= 1e-07": expr("<=", parameter("x"), const(1e-07)),
    "n > m": expr(">", parameter("n"), parameter("m")),
    "n == x": expr("==", parameter("n"), parameter("x")),
    "flag": parameter("flag"),
    "not flag": expr("not", parameter("flag")),
    "flag == False": expr("==", parameter("flag"), const(False)),
    "check": truth(),
    "not check": expr("not", truth()),
    'mode == "fast 1.0"': expr("==", parameter("mode"), const("fast 1.0")),
    'mode != ""': expr("!=", parameter("mode"), const("")),
    "flag and n > 1 or check": expr("or", expr("and", parameter("flag"), expr(">", parameter("n"), const(1))), truth()),
    "(flag or check) and not (n > 1 and flag)": expr(
        "and",
        expr("or", parameter("flag"), truth()),
        expr("not", expr("and", expr(">", parameter("n"), const(1)), parameter("flag"))),
    ),
}
VALUES: dict[str, list[Any]] = {
    "n": [-2, 0, 2, 3],
    "m": [2],
    "x": [1e-07, 3.0],
    "flag": [False, True],
    "check": [False, True],
    "mode": ["", "fast 1.0", "x' || true || ''=='"],
}


def pipeline_of(*conditions: Value) -> If:
    """The `If` with these conditions and an `else`, as the backend has it."""
    b = Builder()
    for name in ("n", "m", "x", "flag", "mode"):
        b.param(name, str(parameter(name).type))
    b.param("maybe", "int | None", const(None))
    b.step("check", "", "output: bool")
    arms = [(condition, [b.call(f"arm_{index}")]) for index, condition in enumerate([*conditions, None], 1)]
    program = b.pipeline(b.call("check"), b.branch("if_x", *arms))
    gated = insert_gates(program, is_native_condition=native_conditions(program))
    return next(each for each in operations(gated.body) if isinstance(each, If))


def name_of(leaf: Param | Output) -> str:
    return leaf.name if isinstance(leaf, Param) else leaf.operation


@pytest.mark.parametrize(("first", "second"), list(itertools.product(CONDITIONS, list(CONDITIONS)[::5])))
def test_the_arm_is_the_one_that_python_takes(first: str, second: str) -> None:
    branch = pipeline_of(CONDITIONS[first], CONDITIONS[second])
    assert {name_of(leaf) for leaf in read_by(branch)} <= set(VALUES), "no gate is needed"
    conditions = [arm_condition(branch, index, name_of) for index in range(3)]
    for chosen in itertools.product(*VALUES.values()):
        values = dict(zip(VALUES, chosen, strict=True))
        expected = 0 if eval(first, {}, values) else 1 if eval(second, {}, values) else 2
        given = {**values, "check": "true" if values["check"] else "false"}
        assert [holds(condition, given) for condition in conditions] == [index == expected for index in range(3)], (
            values
        )


GATED: dict[str, Value] = {
    "what may be None": expr("==", parameter("maybe"), const(3)),
    "a number as a truth value": parameter("n"),
    "text that CEL would read otherwise": expr("==", parameter("mode"), const("it's")),
    "text in order": expr("<", parameter("mode"), const("m")),
    "a number beyond the doubles": expr("==", parameter("n"), const(2**53)),
    "a truth value as a number": expr("==", parameter("flag"), const(1)),
    "arithmetic": expr("==", expr("%", parameter("n"), const(2)), const(0)),
    "a result that is a number": expr(">", Output("arm_1", "output", type_("float")), const(0.5)),
    "membership": expr("in", parameter("n"), const([1, 2])),
}


@pytest.mark.parametrize("name", GATED)
def test_what_cel_and_python_may_differ_on_is_computed_by_a_gate(name: str) -> None:
    branch = pipeline_of(GATED[name])
    assert [name_of(leaf) for leaf in read_by(branch)] == ["if_x_gate"]
    conditions = [arm_condition(branch, index, name_of) for index in range(2)]
    assert conditions == [f"inputs.parameter_values['if_x_gate'] == {index}" for index in range(2)]
    for picked in range(2):
        assert [holds(each, {"if_x_gate": picked}) for each in conditions] == [picked == 0, picked == 1]


@pytest.mark.parametrize("program", ["branches", "mixed"])
def test_every_condition_of_a_spec_is_cel_over_the_inputs_of_its_task(program: str) -> None:
    (file,) = compile(PROGRAMS / f"{program}.py", "kubeflow").files
    spec = next(yaml.safe_load_all(file.text))
    tasks = [task for each in spec["components"].values() for task in each.get("dag", {}).get("tasks", {}).values()]
    conditional = [task for task in tasks if "triggerPolicy" in task]
    assert conditional
    for task in conditional:
        condition = task["triggerPolicy"]["condition"]
        assert set(re.findall(r"parameter_values\['([^']+)'\]", condition)) <= set(task["inputs"]["parameters"])
        ENVIRONMENT.compile(condition)
