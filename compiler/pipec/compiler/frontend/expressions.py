"""Expressions of the evaluator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names, operations
from pipec.compiler.frontend.annotations import is_subscripted_type
from pipec.compiler.frontend.attributes import read_attribute
from pipec.compiler.frontend.comprehensions import ComprehensionMixin
from pipec.compiler.frontend.conditions import ConditionMixin
from pipec.compiler.frontend.control import element_type, not_known
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
    RunTimeKey,
    SdkSymbol,
    Spread,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_open,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Const, Item, Lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span


class ExpressionMixin(ConditionMixin, ComprehensionMixin):
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
        if name == "|" and isinstance(left, dict) and isinstance(right, dict) and (is_open(left) or is_open(right)):
            this = cast("Interpreter", self)
            merged = dict(left)
            for key, value in right.items():
                this.set_entry(merged, key, value, span)
            return merged
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
        value = cast("Interpreter", self).settle_open(self.evaluate(node.operand, frame), span)
        if name == "not" and not isinstance(value, Symbolic | Unknown):
            return not cast("Interpreter", self).truth(value, span, "not")
        if isinstance(value, Symbolic):
            operations.check_use(value, f"`{name}`", span)
        return operations.apply(name, function, [value], span)

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
                values.extend(this.spread(self.evaluate(node.value, frame), this.span(node, frame), "unpacking"))
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
                for key, part in this.entries(value, span).items():
                    this.set_entry(result, key, part, span)
                continue
            key = self.evaluate(key_node, frame)
            if isinstance(key, Unknown):
                return key
            this.set_entry(result, key, value, span)
        return result

    def _eval_Subscript(self, node: ast.Subscript, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        container = self.evaluate(node.value, frame)
        if is_subscripted_type(container):
            return AnnotationAlias(node, frame)
        index = self.evaluate(node.slice, frame)
        return this.subscript(container, index, this.span(node, frame))

    def subscript(self, container: Any, index: Any, span: Span) -> Any:  # noqa: C901 - a flat dispatch
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
        if is_open(container):
            return self._open_subscript(container, index, span)
        if isinstance(container, Symbolic) or isinstance(index, Symbolic):
            return self._symbolic_subscript(container, index, span)
        if isinstance(container, ABSTRACT):
            raise Fault(Diagnostic("PC0206", f"{describe(container)} cannot be indexed", span))
        return operations.guarded(lambda: container[index], span)

    def _open_subscript(self, container: Any, index: Any, span: Span) -> Any:
        """An element of a list or dict of which only a run knows how much it holds: what was added last is known."""
        this = cast("Interpreter", self)
        if isinstance(container, dict):
            wanted = index.value if isinstance(index, Symbolic) else operations.to_value(index, span)
            for key in reversed(container):
                if isinstance(key, Spread):
                    break
                if (key.value.value if isinstance(key, RunTimeKey) else operations.to_value(key, span)) == wanted:
                    return container[key]
                if isinstance(key, RunTimeKey) and not (
                    isinstance(key.value.value, Const) and isinstance(wanted, Const)
                ):
                    break
        elif isinstance(index, int):
            known = container[index:] if index < 0 else container[: index + 1]
            if len(known) == (-index if index < 0 else index + 1) and not is_open(known):
                return known[0 if index < 0 else -1]
        return self._symbolic_subscript(this.seal(container, span), index, span)

    def _symbolic_subscript(self, container: Any, index: Any, span: Span) -> Any:
        if isinstance(container, Symbolic):
            operations.check_use(container, "indexing", span)
        whole = operations.to_value(container, span)
        if isinstance(index, slice):
            return operations.symbolic("slice", [container, index.start, index.stop, index.step], whole.type, span)
        at = index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None
        if isinstance(whole, Item) and at is not None and whole.type.name == "tuple":
            return Symbolic(Item(whole.operation, element_type(whole.type, at), (*whole.path, at)))
        return operations.symbolic("index", [container, index], element_type(whole.type, at), span)

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
        return operations.symbolic("join", [part for part in parts if part != ""], types.STR, span)

    def _eval_FormattedValue(self, node: ast.FormattedValue, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        value = this.settle_open(self.evaluate(node.value, frame), this.span(node.value, frame))
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
            return operations.symbolic("format", operands, types.STR, span)
        if isinstance(value, ABSTRACT) and not isinstance(value, EnumMember):
            return Unknown(not_known(value, span))
        return operations.guarded(lambda: _format(value, convert, specification), span)

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


def _format(value: Any, convert: str, specification: Any) -> str:
    plain = value.value if isinstance(value, EnumMember) else value
    if isinstance(value, EnumMember) and not value.is_text:
        plain = f"{value.symbol.rpartition(':')[2]}.{value.name}"
    conversions: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}
    return format(conversions[convert](plain) if convert else plain, specification)
