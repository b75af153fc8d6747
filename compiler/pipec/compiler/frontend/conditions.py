"""Expressions that decide by a value: `and`, `or`, comparisons, `a if b else c`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.branches import name_of_condition
from pipec.compiler.frontend.control import not_known
from pipec.compiler.frontend.values import (
    EnumMember,
    External,
    Fault,
    Frame,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Expr, Item, Output, Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.ir.types import Type
    from pipec.compiler.source import Span


class ConditionMixin:
    """Evaluates conditional expressions; part of `Interpreter`."""

    def _eval_BoolOp(self, node: ast.BoolOp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        stops_at = isinstance(node.op, ast.Or)
        name = "or" if stops_at else "and"
        for index, operand in enumerate(node.values):
            value = this.evaluate(operand, frame)
            if index < len(node.values) - 1:
                value = this.settle_open(value, this.span(operand, frame))
            if isinstance(value, Symbolic):
                operations.check_use(value, f"`{name}`", this.span(operand, frame))
                rest = node.values[index + 1 :]
                return self._run_time_bool(name, value, rest, node, frame) if rest else value
            if isinstance(value, Unknown) or index == len(node.values) - 1:
                return value
            if this.truth(value, this.span(operand, frame), name) is stops_at:
                return value
        return None

    def _run_time_bool(self, name: str, first: Symbolic, rest: list[ast.expr], node: ast.BoolOp, frame: Frame) -> Any:
        """`first and rest`, where a run decides whether `rest` is evaluated."""
        this = cast("Interpreter", self)
        span = this.span(node, frame)

        def others() -> Any:
            following = rest[0] if len(rest) == 1 else ast.copy_location(ast.BoolOp(node.op, rest), node)
            return this.evaluate(following, frame)

        if this.graph is None or not _may_act(rest):
            value = others()
            if unknown := find_unknown(value):
                return unknown
            return operations.symbolic(name, [first, value], _bool_type(name, first, value, span), span)
        arms = [(first, others), (None, lambda: first)] if name == "and" else [(first, lambda: first), (None, others)]
        chosen = this.choose(arms, name_of_condition("if", node.values[0]), span)
        if isinstance(chosen, Symbolic) and isinstance(chosen.value, Expr) and chosen.value.op == "if":
            condition, then, otherwise = chosen.value.operands
            if condition is (otherwise if name == "and" else then):  # no step was called: the plain operator says it
                value = then if name == "and" else otherwise
                kind = _bool_type(name, first, Symbolic(value), span)
                return operations.symbolic(name, [first, Symbolic(value)], kind, span)
        return chosen

    def _eval_Compare(self, node: ast.Compare, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        left = this.evaluate(node.left, frame)
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = this.evaluate(comparator, frame)
            result = self._compare(op, left, right, this.span(node, frame))
            if isinstance(result, Unknown):
                return result
            if isinstance(result, Symbolic):
                return result if len(node.ops) == 1 else self._chain(node, frame)
            if not result:
                return False
            left = right
        return result

    def _chain(self, node: ast.Compare, frame: Frame) -> Any:
        """`a < b < c` with a run-time value: the conjunction of its comparisons."""
        this = cast("Interpreter", self)
        values = [this.evaluate(one, frame) for one in (node.left, *node.comparators)]
        span = this.span(node, frame)
        pairs = zip(node.ops, values, values[1:], strict=False)
        parts = [self._compare(op, left, right, span) for op, left, right in pairs]
        if unknown := find_unknown(parts):
            return unknown
        return operations.symbolic("and", parts, types.BOOL, span)

    def _compare(self, op: ast.cmpop, left: Any, right: Any, span: Span) -> Any:
        name, function = operations.COMPARISONS[type(op)]
        for operand in (left, right):
            if isinstance(operand, Unknown):
                return operand
            if isinstance(operand, External):
                return Unknown(not_known(operand, span))
            if isinstance(operand, Symbolic) and name not in {"is", "is_not"}:
                operations.check_use(operand, f"`{name.replace('_', ' ')}`", span)
            if isinstance(operand, StepResult) and name not in {"is", "is_not"}:
                operand_text = describe(operand)
                raise Fault(
                    Diagnostic("PC0309", f"{operand_text} cannot be compared here", span, help="compare inside a step")
                )
        if isinstance(left, EnumMember) and is_given(right):
            left = left.value
        elif is_given(left) and (isinstance(right, EnumMember) or holds_members(right)):
            right = plain_members(right)
            name = {"is": "==", "is_not": "!="}.get(name, name)
        if name in {"is", "is_not"} and isinstance(left, Symbolic) and right is None and isinstance(left.value, Output):
            operations.check_use(left, f"`{name.replace('_', ' ')} None`", span)
        return operations.apply(name, function, [left, right], span)

    def _eval_IfExp(self, node: ast.IfExp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        span = this.span(node.test, frame)
        test = this.settle_open(this.evaluate(node.test, frame), span)
        if isinstance(test, Unknown):
            return test
        if not isinstance(test, Symbolic):
            return this.evaluate(node.body if this.truth(test, span, "if") else node.orelse, frame)
        operations.check_use(test, "a condition on it", span)
        if this.graph is None:
            arms = [this.evaluate(node.body, frame), this.evaluate(node.orelse, frame)]
            if unknown := find_unknown(arms):
                return unknown
            kind = types.union_of([operations.to_value(one, span).type for one in arms])
            return operations.symbolic("if", [test, *arms], kind, span)
        paths = [(test, lambda: this.evaluate(node.body, frame)), (None, lambda: this.evaluate(node.orelse, frame))]
        return this.choose(paths, name_of_condition("if", node.test), span)


def _bool_type(name: str, first: Symbolic, value: Any, span: Span) -> Type:
    """The type of `first or value`: None is never what `or` picks, and an empty list says nothing of its elements."""
    before = types.without_none(first.value.type) if name == "or" else first.value.type
    if isinstance(value, list | dict) and not value:
        return before
    return types.union_of([before, operations.to_value(value, span).type])


def is_given(value: Any) -> bool:
    """Whether a run is given the value: a parameter, or an item of one. Of an enum that is the value of the member."""
    if not isinstance(value, Symbolic):
        return False
    return isinstance(value.value, Param) or (isinstance(value.value, Item) and bool(value.value.type.choices))


def holds_members(value: Any) -> bool:
    """Whether `value` is a collection with a member of an enum in it."""
    return isinstance(value, list | tuple | set) and any(isinstance(one, EnumMember) for one in value)


def plain_members(value: Any) -> Any:
    """`value` with members of enums as their values."""
    if isinstance(value, list | tuple | set):
        return type(value)(plain_members(one) for one in value)
    return value.value if isinstance(value, EnumMember) else value


def _may_act(nodes: Sequence[ast.expr]) -> bool:
    """Whether evaluating the expressions may do something: call, or bind a name."""
    return any(isinstance(one, ast.Call | ast.NamedExpr | ast.Await) for node in nodes for one in ast.walk(node))
