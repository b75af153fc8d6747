"""Expressions of the evaluator."""

from __future__ import annotations

import ast
import operator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names, operations
from pipec.compiler.frontend.annotations import is_subscripted_type
from pipec.compiler.frontend.attributes import read_attribute
from pipec.compiler.frontend.control import element_type, not_known, run_time_control
from pipec.compiler.frontend.values import (
    ABSTRACT,
    AnnotationAlias,
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    FunctionValue,
    RunMetadata,
    SdkSymbol,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Expr, Lazy, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span


class ExpressionMixin:
    """Evaluates expressions; part of `Interpreter`."""

    def evaluate(self, node: ast.expr, frame: Frame) -> Any:
        """The value of `node`.

        Raises:
            Fault: it has none, or none that is allowed here.
        """
        this = cast("Interpreter", self)
        if type(node) is ast.Constant:
            return node.value
        if type(node) is ast.Name:
            return names.look_up(this, node, frame)
        this.burn(node, frame)
        method = getattr(self, f"_eval_{type(node).__name__}", None)
        if method is None:
            message = f"this expression (`{type(node).__name__}`) is not supported here"
            raise Fault(Diagnostic("PC0210", message, this.span(node, frame), help="do it inside a step"))
        return method(node, frame)

    def _eval_Attribute(self, node: ast.Attribute, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        return read_attribute(this, self.evaluate(node.value, frame), node.attr, this.span(node, frame))

    def _eval_Call(self, node: ast.Call, frame: Frame) -> Any:
        return cast("Interpreter", self).evaluate_call(node, frame)

    def _eval_BinOp(self, node: ast.BinOp, frame: Frame) -> Any:
        left, right = self.evaluate(node.left, frame), self.evaluate(node.right, frame)
        return self.binary(node.op, left, right, cast("Interpreter", self).span(node, frame))

    def binary(self, op: ast.operator, left: Any, right: Any, span: Span) -> Any:
        """`left op right`; `%` with text on its left formats."""
        name, function = operations.BINARY[type(op)]
        if isinstance(left, External) or isinstance(right, External):
            if name == "/" and (isinstance(left, External) or isinstance(right, External)):
                pass
            return Unknown(not_known(left if isinstance(left, External) else right, span))
        for operand in (left, right):
            if isinstance(operand, Symbolic):
                operations.check_use(operand, f"`{name}`", span)
        return operations.apply(name, function, [left, right], span)

    def _eval_UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Any:
        name, function = operations.UNARY[type(node.op)]
        span = cast("Interpreter", self).span(node, frame)
        value = self.evaluate(node.operand, frame)
        if name == "not" and not isinstance(value, Symbolic | Unknown):
            return not cast("Interpreter", self).truth(value, span, "not")
        if isinstance(value, Symbolic):
            operations.check_use(value, f"`{name}`", span)
        return operations.apply(name, function, [value], span)

    def _eval_BoolOp(self, node: ast.BoolOp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        stops_at = isinstance(node.op, ast.Or)
        name = "or" if stops_at else "and"
        for index, operand in enumerate(node.values):
            value = self.evaluate(operand, frame)
            if isinstance(value, Symbolic):
                operations.check_use(value, f"`{name}`", this.span(operand, frame))
                rest = [self.evaluate(one, frame) for one in node.values[index + 1 :]]
                if not rest:
                    return value
                parts = [operations.to_value(one, this.span(node, frame)) for one in (value, *rest)]
                return Symbolic(Expr(name, tuple(parts), _common_type(parts)))
            if isinstance(value, Unknown) or index == len(node.values) - 1:
                return value
            if cast("Interpreter", self).truth(value, this.span(operand, frame), name) is stops_at:
                return value
        return None

    def _eval_Compare(self, node: ast.Compare, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        left = self.evaluate(node.left, frame)
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(comparator, frame)
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
        values = [self.evaluate(one, frame) for one in (node.left, *node.comparators)]
        span = this.span(node, frame)
        pairs = zip(node.ops, values, values[1:], strict=False)
        parts = tuple(operations.to_value(self._compare(op, left, right, span), span) for op, left, right in pairs)
        return Symbolic(Expr("and", parts, types.BOOL))

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
        if name in {"is", "is_not"} and isinstance(left, Symbolic) and right is None and isinstance(left.value, Output):
            operations.check_use(left, f"`{name.replace('_', ' ')} None`", span)
        return operations.apply(name, function, [left, right], span)

    def _eval_IfExp(self, node: ast.IfExp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        test = self.evaluate(node.test, frame)
        span = this.span(node.test, frame)
        if isinstance(test, Unknown):
            return test
        if not isinstance(test, Symbolic):
            return self.evaluate(node.body if cast("Interpreter", self).truth(test, span, "if") else node.orelse, frame)
        operations.check_use(test, "a condition on it", span)
        before = this.graph.size if this.graph is not None else 0
        arms = [self.evaluate(node.body, frame), self.evaluate(node.orelse, frame)]
        if this.graph is not None and this.graph.size > before:
            cast("Interpreter", self).truth(test, span, "if")
        if unknown := find_unknown(arms):
            return unknown
        parts = [operations.to_value(one, this.span(node, frame)) for one in arms]
        return Symbolic(Expr("if", (test.value, *parts), _common_type(parts)))

    def _eval_Tuple(self, node: ast.Tuple, frame: Frame) -> Any:
        return tuple(self._elements(node.elts, frame))

    def _eval_List(self, node: ast.List, frame: Frame) -> Any:
        return self._elements(node.elts, frame)

    def _eval_Set(self, node: ast.Set, frame: Frame) -> Any:
        elements = self._elements(node.elts, frame)
        span = cast("Interpreter", self).span(node, frame)
        return find_unknown(elements) or operations.guarded(lambda: set(elements), span)

    def _elements(self, nodes: list[ast.expr], frame: Frame) -> list[Any]:
        this = cast("Interpreter", self)
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                values.extend(
                    cast("Interpreter", self).iterate(
                        self.evaluate(node.value, frame), this.span(node, frame), "unpacking"
                    )
                )
            else:
                values.append(self.evaluate(node, frame))
        return values

    def _eval_Dict(self, node: ast.Dict, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        result: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, frame)
            span = this.span(key_node or value_node, frame)
            if key_node is None:
                if isinstance(value, Unknown):
                    return value
                result.update(this.as_mapping(value, span))
                continue
            key = self.evaluate(key_node, frame)
            if isinstance(key, Unknown):
                return key
            if isinstance(key, Symbolic):
                raise Fault(run_time_control("a dict key", key, span))
            operations.guarded(partial(operator.setitem, result, key, value), span)
        return result

    def _eval_Subscript(self, node: ast.Subscript, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        container = self.evaluate(node.value, frame)
        if is_subscripted_type(container):
            return AnnotationAlias(node, frame)
        index = self.evaluate(node.slice, frame)
        return this.subscript(container, index, this.span(node, frame))

    def subscript(self, container: Any, index: Any, span: Span) -> Any:
        """`container[index]`."""
        if unknown := find_unknown([index]) if not isinstance(container, Unknown) else container:
            return unknown
        if isinstance(container, External) and container.path == "os.environ" and isinstance(index, str):
            return Symbolic(Lazy("environment", {"name": index}, types.STR))
        if isinstance(container, External | SdkSymbol | FunctionValue):
            return container
        if isinstance(container, ClassValue):
            members = container.names.get("__members__")
            return operations.guarded(lambda: members[index], span) if members else container
        if isinstance(container, StepResult):
            if not isinstance(index, int | slice) or isinstance(index, bool):
                raise Fault(Diagnostic("PC0309", f"{describe(container)} is indexed by position only", span))
            return operations.guarded(lambda: container.outputs[index], span)
        if isinstance(container, RunMetadata):
            from pipec.compiler.frontend.lookups import metadata

            return metadata(container, index, span)
        if isinstance(container, Symbolic) or isinstance(index, Symbolic):
            return self._symbolic_subscript(container, index, span)
        if isinstance(container, ABSTRACT):
            raise Fault(Diagnostic("PC0206", f"{describe(container)} cannot be indexed", span))
        return operations.guarded(lambda: container[index], span)

    def _symbolic_subscript(self, container: Any, index: Any, span: Span) -> Any:
        if isinstance(container, Symbolic):
            operations.check_use(container, "indexing", span)
        if isinstance(index, slice):
            message = "slicing a run-time value is not supported here"
            raise Fault(Diagnostic("PC0312", message, span, help="slice it inside a step"))
        parts = (operations.to_value(container, span), operations.to_value(index, span))
        return Symbolic(Expr("index", parts, element_type(parts[0].type)))

    def _eval_Slice(self, node: ast.Slice, frame: Frame) -> Any:
        parts = [None if one is None else self.evaluate(one, frame) for one in (node.lower, node.upper, node.step)]
        if unknown := find_unknown(parts):
            return unknown
        return slice(*parts)

    def _eval_JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Any:
        parts: list[Any] = []
        for value in node.values:
            parts.append(value.value if isinstance(value, ast.Constant) else self.evaluate(value, frame))
        span = cast("Interpreter", self).span(node, frame)
        if unknown := find_unknown(parts):
            return unknown
        if not any(isinstance(part, Symbolic) for part in parts):
            return operations.guarded(lambda: "".join(parts), span)
        values = tuple(operations.to_value(part, span) for part in parts if part != "")
        return Symbolic(Expr("join", values, types.STR))

    def _eval_FormattedValue(self, node: ast.FormattedValue, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        value = self.evaluate(node.value, frame)
        specification = "" if node.format_spec is None else self.evaluate(node.format_spec, frame)
        span = this.span(node.value, frame)
        if unknown := find_unknown([value, specification]):
            return unknown
        convert = chr(node.conversion) if node.conversion != -1 else ""
        if isinstance(value, Symbolic | StepResult) or isinstance(specification, Symbolic):
            if isinstance(value, StepResult):
                raise Fault(
                    Diagnostic(
                        "PC0309",
                        f"{describe(value)} cannot be written into text here",
                        span,
                        help="format it inside a step",
                    )
                )
            if isinstance(value, Symbolic):
                operations.check_use(value, "formatting", span)
            operands = (
                [value, specification, convert] if convert else [value, specification] if specification else [value]
            )
            return Symbolic(Expr("format", tuple(operations.to_value(one, span) for one in operands), types.STR))
        if isinstance(value, ABSTRACT) and not isinstance(value, EnumMember):
            return Unknown(not_known(value, span))
        return operations.guarded(lambda: _format(value, convert, specification), span)

    def _eval_ListComp(self, node: ast.ListComp, frame: Frame) -> Any:
        result: list[Any] = []
        self._comprehend(node.generators, frame, lambda inner: result.append(self.evaluate(node.elt, inner)))
        return result

    def _eval_GeneratorExp(self, node: ast.GeneratorExp, frame: Frame) -> Any:
        return self._eval_ListComp(cast("ast.ListComp", node), frame)

    def _eval_SetComp(self, node: ast.SetComp, frame: Frame) -> Any:
        items = self._eval_ListComp(cast("ast.ListComp", node), frame)
        span = cast("Interpreter", self).span(node, frame)
        return find_unknown(items) or operations.guarded(lambda: set(items), span)

    def _eval_DictComp(self, node: ast.DictComp, frame: Frame) -> Any:
        result: dict[Any, Any] = {}
        span = cast("Interpreter", self).span(node.key, frame)

        def add(inner: Frame) -> None:
            key, value = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
            if isinstance(key, Symbolic):
                raise Fault(run_time_control("a dict key", key, span))
            operations.guarded(lambda: result.__setitem__(key, value), span)

        self._comprehend(node.generators, frame, add)
        return result

    def _comprehend(self, generators: Sequence[ast.comprehension], frame: Frame, add: Callable[[Frame], None]) -> None:
        this = cast("Interpreter", self)
        inner = Frame(frame.module, {}, frame, frame.qualified_name, depth=frame.depth, is_comprehension=True)

        def level(index: int) -> None:
            if index == len(generators):
                add(inner)
                return
            generator = generators[index]
            source = self.evaluate(generator.iter, inner if index else frame)
            for item in cast("Interpreter", self).iterate(source, this.span(generator.iter, frame), "a comprehension"):
                this.burn(generator.iter, frame)
                this.assign(generator.target, item, inner)
                tests = ((self.evaluate(test, inner), this.span(test, frame)) for test in generator.ifs)
                if all(cast("Interpreter", self).truth(value, span, "if") for value, span in tests):
                    level(index + 1)

        level(0)

    def _eval_Lambda(self, node: ast.Lambda, frame: Frame) -> Any:
        return FunctionValue(
            node, frame.module, "<lambda>", frame, cast("Interpreter", self).defaults_of(node.args, frame)
        )

    def _eval_NamedExpr(self, node: ast.NamedExpr, frame: Frame) -> Any:
        value = self.evaluate(node.value, frame)
        scope = frame
        while scope.is_comprehension and scope.parent is not None:
            scope = scope.parent
        cast("Interpreter", self).assign(node.target, value, scope)
        return value

    def _eval_Await(self, node: ast.Await, frame: Frame) -> Any:
        return self.evaluate(node.value, frame)

    def guarded(self, compute: Callable[[], Any], span: Span) -> Any:
        """`compute()`, an exception of Python's as a fault at `span`."""
        return operations.guarded(compute, span)


def _common_type(parts: Sequence[Any]) -> Type:
    kinds = tuple(dict.fromkeys(part.type for part in parts))
    if len(kinds) == 1:
        return cast("Type", kinds[0])
    return types.ANY if types.ANY in kinds else Type("union", kinds)


def _format(value: Any, convert: str, specification: Any) -> str:
    plain = value.value if isinstance(value, EnumMember) else value
    if isinstance(value, EnumMember) and not value.is_text:
        plain = f"{value.symbol.rpartition(':')[2]}.{value.name}"
    conversions: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}
    return format(conversions[convert](plain) if convert else plain, specification)
