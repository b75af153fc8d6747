"""Conditions in the part of CEL on which KFP's backend, `kfp.local` and Python agree (reference/kubeflow.md §6).

Before:   if %if_big_gate.output == 0           if $flag and $depth > 3
After:    inputs.parameter_values['if_big_gate_output'] == 0
          inputs.parameter_values['flag'] == true && inputs.parameter_values['depth'] > 3

A truth value that a step gives is compared as the text as which it travels: `== 'true'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow.parameters import LARGEST_INTEGER, native_type
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.types import BOOL
from pipec.compiler.ir.values import Const, Expr, Output, Param
from pipec.compiler.ir.walk import leaves, operations
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipec.compiler.ir.model import If, Pipeline
    from pipec.compiler.ir.values import Value

    Naming = Callable[[Param | Output], str]

_LOGIC = {"and": " && ", "or": " || "}
_ORDER = frozenset({"<", "<=", ">", ">="})
_NUMBERS = frozenset({"NUMBER_INTEGER", "NUMBER_DOUBLE"})
_PLAIN = pattern(r"[A-Za-z0-9_. -]*")


@dataclass(frozen=True, slots=True)
class Native:
    """What of a pipeline's conditions KFP computes as Python does.

    Attributes:
        parameters: the type that KFP has for each run parameter; None for canonical text.
        truths: the calls and outputs that are truth values.
    """

    parameters: Mapping[str, str | None]
    truths: frozenset[tuple[str, str]]

    def __call__(self, value: Value) -> bool:
        """Whether KFP computes the condition."""
        match value:
            case Expr(op="and" | "or" | "not", operands=operands):
                return all(map(self, operands))
            case Expr(op="==" | "!=" | "<" | "<=" | ">" | ">=" as op, operands=(left, right)):
                return self._is_comparison(op, left, right)
            case _:
                return self._kind(value) == "BOOLEAN" and not isinstance(value, Const)

    def _is_comparison(self, op: str, left: Value, right: Value) -> bool:
        kinds = {self._kind(left), self._kind(right)}
        if not (isinstance(left, Param) or isinstance(right, Param)):
            return False
        return kinds <= _NUMBERS or (op not in _ORDER and kinds in ({"STRING"}, {"BOOLEAN"}))

    def _kind(self, value: Value) -> str | None:
        match value:
            case Param(name=name):
                return self.parameters[name]
            case Output(operation=operation, name=name) if (operation, name) in self.truths:
                return "BOOLEAN"
            case Const(value=bool()):
                return "BOOLEAN"
            case Const(value=int() as number):
                return "NUMBER_INTEGER" if abs(number) <= LARGEST_INTEGER else None
            case Const(value=float()):
                return "NUMBER_DOUBLE"
            case Const(value=str() as text) if _PLAIN.fullmatch(text):
                return "STRING"
            case _:
                return None


def native_conditions(pipeline: Pipeline) -> Native:
    """The predicate for `insert_gates`."""
    truths = {
        (call.id, output.name)
        for call in operations(pipeline.body)
        if isinstance(call, Call)
        for output in pipeline.steps[call.step].outputs
        if output.type == BOOL and output.carrier == "parameter"
    }
    return Native({one.name: native_type(one) for one in pipeline.parameters}, frozenset(truths))


def read_by(operation: If) -> Iterator[Param | Output]:
    """What the conditions of an operation read, each once."""
    seen: set[Param | Output] = set()
    for arm in operation.arms:
        for leaf in () if arm.condition is None else leaves(arm.condition):
            if isinstance(leaf, Param | Output) and leaf not in seen:
                seen.add(leaf)
                yield leaf


def arm_condition(operation: If, index: int, name: Naming) -> str:
    """The condition of an arm: its own holds, and none before it. `name` gives the input that has a leaf's value."""
    conditions = [arm.condition for arm in operation.arms[: index + 1] if arm.condition is not None]
    if (gate := _gate(conditions)) is not None:
        # The result of a gate is the number of the arm, that of `else` included.
        return f"{_term(gate, name)} == {index}"
    texts = [_text(condition, name) for condition in conditions]
    if operation.arms[index].condition is None:
        return " && ".join(f"!({text})" for text in texts)
    return " && ".join([*(f"!({text})" for text in texts[:-1]), _operand(conditions[-1], name)])


def _text(value: Value, name: Naming) -> str:
    match value:
        case Expr(op="and" | "or" as op, operands=operands):
            return _LOGIC[op].join(_operand(each, name) for each in operands)
        case Expr(op="not", operands=(inner,)):
            return f"!({_text(inner, name)})"
        case Expr(op=op, operands=(left, right)):
            return f"{_term(left, name)} {op} {_term(right, name)}"
        case Param():
            return f"{_term(value, name)} == true"
        case Output():
            return f"{_term(value, name)} == 'true'"
        case _:
            raise AssertionError(f"not native: {value}")


def _operand(value: Value, name: Naming) -> str:
    text = _text(value, name)
    return f"({text})" if isinstance(value, Expr) and value.op in _LOGIC else text


def _term(value: Value, name: Naming) -> str:
    match value:
        case Param() | Output():
            return f"inputs.parameter_values['{name(value)}']"
        case Const(value=bool() as truth):
            return "true" if truth else "false"
        case Const(value=str() as text):
            return f"'{text}'"
        case Const(value=number):
            return repr(number)
        case _:
            raise AssertionError(f"not native: {value}")


def _gate(conditions: Sequence[Value]) -> Output | None:
    """The result of the gate that picks the arm, if there is one: each condition compares it with the arm's number."""
    match conditions[0]:
        case Expr(op="==", operands=(Output() as gate, Const(value=0))):
            return gate
        case _:
            return None
