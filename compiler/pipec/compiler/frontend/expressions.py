"""Expressions of the evaluator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names, operations
from pipec.compiler.frontend.attributes import read_attribute
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    FunctionValue,
    SdkSymbol,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Expr, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

ITERATION_BOUND = 100_000
"""The most items that one loop may be unrolled over."""


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
            return Unknown(_not_known(left if isinstance(left, External) else right, span))
        for operand in (left, right):
            if isinstance(operand, Symbolic):
                operations.check_use(operand, f"`{name}`", span)
        return operations.apply(name, function, [left, right], span)

    def _eval_UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Any:
        name, function = operations.UNARY[type(node.op)]
        span = cast("Interpreter", self).span(node, frame)
        value = self.evaluate(node.operand, frame)
        if name == "not" and not isinstance(value, Symbolic | Unknown):
            return not self.truth(value, span, "not")
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
            if self.truth(value, this.span(operand, frame), name) is stops_at:
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
                return Unknown(_not_known(operand, span))
            if isinstance(operand, Symbolic) and name not in {"is", "is_not"}:
                operations.check_use(operand, f"`{name.replace('_', ' ')}`", span)
            if isinstance(operand, StepResult) and name not in {"is", "is_not"}:
                operand_text = describe(operand)
                raise Fault(Diagnostic("PC0309", f"{operand_text} cannot be compared here", span, help="compare inside a step"))
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
            return self.evaluate(node.body if self.truth(test, span, "if") else node.orelse, frame)
        operations.check_use(test, "a condition on it", span)
        before = this.graph.size if this.graph is not None else 0
        arms = [self.evaluate(node.body, frame), self.evaluate(node.orelse, frame)]
        if this.graph is not None and this.graph.size > before:
            self.truth(test, span, "if")
        if unknown := find_unknown(arms):
            return unknown
        parts = [operations.to_value(one, this.span(node, frame)) for one in arms]
        return Symbolic(Expr("if_else", (test.value, *parts), _common_type(parts)))

    def truth(self, value: Any, span: Span, construct: str) -> bool:
        """Whether Python takes `value` for true.

        Raises:
            Fault: that is known only to a run, or not at all.
        """
        match value:
            case Unknown(diagnostic=diagnostic):
                raise Fault(diagnostic)
            case Symbolic():
                operations.check_use(value, "a condition on it", span)
                raise Fault(run_time_control(construct, value, span))
            case StepResult(outputs=()):
                from pipec.compiler.frontend.transport import no_output

                raise Fault(no_output(value, span))
            case StepResult():
                return True
            case External(path="typing.TYPE_CHECKING"):
                return True
            case External():
                raise Fault(_not_known(value, span))
            case EnumMember(is_text=True):
                return bool(value.value)
            case _ if isinstance(value, ABSTRACT):
                return True
            case _:
                return bool(value)

    def iterate(self, value: Any, span: Span, construct: str) -> list[Any]:
        """The items of `value`, which a loop is unrolled over.

        Raises:
            Fault: they are known only to a run, or there are too many.
        """
        match value:
            case Unknown(diagnostic=diagnostic):
                raise Fault(diagnostic)
            case Symbolic():
                operations.check_use(value, "iteration over it", span)
                raise Fault(run_time_control(construct, value, span))
            case StepResult(outputs=outputs) if outputs:
                return list(outputs)
            case ClassValue() if value.names.get("__members__"):
                return list(value.names["__members__"].values())
            case External():
                raise Fault(_not_known(value, span))
            case _ if isinstance(value, ABSTRACT):
                message = f"{describe(value)} cannot be iterated over"
                raise Fault(Diagnostic("PC0206", message, span))
            case range() if len(value) > ITERATION_BOUND:
                raise Fault(_too_many(len(value), span))
            case _:
                items = operations.guarded(lambda: list(_bounded(value)), span)
                if len(items) > ITERATION_BOUND:
                    raise Fault(_too_many(None, span))
                return cast("list[Any]", items)

    def unpack(self, targets: Sequence[ast.expr], value: Any, frame: Frame, target: ast.expr) -> list[Any]:
        """The parts of `value`, one for each of `targets`.

        Raises:
            Fault: there are too few or too many.
        """
        this = cast("Interpreter", self)
        span = this.span(target, frame)
        if isinstance(value, Unknown):
            return [value] * len(targets)
        if isinstance(value, Symbolic):
            return _unpack_symbolic(value, targets, span)
        if isinstance(value, StepResult) and not value.outputs:
            raise Fault(_wrong_arity(f"`{value.step}` returns nothing", len(targets), span))
        items = self.iterate(value, span, "unpacking")
        star = next((i for i, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
        if star is None and len(items) != len(targets) or star is not None and len(items) < len(targets) - 1:
            what = f"`{value.step}` returns {len(items)} values" if isinstance(value, StepResult) else f"there are {len(items)} values"
            raise Fault(_wrong_arity(what, len(targets), span, getattr(value, "names", ())))
        if star is None:
            return items
        after = len(targets) - star - 1
        end = len(items) - after
        return [*items[:star], items[star:end], *items[end:]]

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
                values.extend(self.iterate(self.evaluate(node.value, frame), this.span(node, frame), "unpacking"))
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
            operations.guarded(lambda k=key, v=value: result.__setitem__(k, v), span)
        return result

    def _eval_Subscript(self, node: ast.Subscript, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        container, index = self.evaluate(node.value, frame), self.evaluate(node.slice, frame)
        return this.subscript(container, index, this.span(node, frame))

    def subscript(self, container: Any, index: Any, span: Span) -> Any:
        """`container[index]`."""
        if isinstance(container, Unknown) or (unknown := find_unknown(index)):
            return container if isinstance(container, Unknown) else unknown
        if isinstance(container, External | SdkSymbol | FunctionValue):
            return container
        if isinstance(container, ClassValue):
            members = container.names.get("__members__")
            return operations.guarded(lambda: members[index], span) if members else container
        if isinstance(container, StepResult):
            if not isinstance(index, int | slice) or isinstance(index, bool):
                raise Fault(Diagnostic("PC0309", f"{describe(container)} is indexed by position only", span))
            return operations.guarded(lambda: container.outputs[index], span)
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
        return Symbolic(Expr("index", parts, _element_type(parts[0].type)))

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
        return Symbolic(Expr("concat", values, types.STR))

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
                raise Fault(Diagnostic("PC0309", f"{describe(value)} cannot be written into text here", span, help="format it inside a step"))
            if isinstance(value, Symbolic):
                operations.check_use(value, "formatting", span)
            operands = [value, convert, specification]
            return Symbolic(Expr("format", tuple(operations.to_value(one, span) for one in operands), types.STR))
        if isinstance(value, ABSTRACT) and not isinstance(value, EnumMember):
            return Unknown(_not_known(value, span))
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
        inner = Frame(frame.module, {}, frame, frame.qualified_name, depth=frame.depth)

        def level(index: int) -> None:
            if index == len(generators):
                add(inner)
                return
            generator = generators[index]
            source = self.evaluate(generator.iter, inner if index else frame)
            for item in self.iterate(source, this.span(generator.iter, frame), "a comprehension"):
                this.burn(generator.iter, frame)
                this.assign(generator.target, item, inner)
                tests = ((self.evaluate(test, inner), this.span(test, frame)) for test in generator.ifs)
                if all(self.truth(value, span, "if") for value, span in tests):
                    level(index + 1)

        level(0)

    def _eval_Lambda(self, node: ast.Lambda, frame: Frame) -> Any:
        return FunctionValue(node, frame.module, "<lambda>", frame, cast("Interpreter", self).defaults_of(node.args, frame))

    def _eval_NamedExpr(self, node: ast.NamedExpr, frame: Frame) -> Any:
        value = self.evaluate(node.value, frame)
        scope = frame
        while scope.parent is not None and not isinstance(scope.names, dict):
            scope = scope.parent
        cast("Interpreter", self).assign(node.target, value, scope)
        return value

    def _eval_Await(self, node: ast.Await, frame: Frame) -> Any:
        return self.evaluate(node.value, frame)

    def guarded(self, compute: Callable[[], Any], span: Span) -> Any:
        """`compute()`, an exception of Python's as a fault at `span`."""
        return operations.guarded(compute, span)


def run_time_control(construct: str, value: Symbolic, span: Span) -> Diagnostic:
    """Control flow over what only a run knows, which this compiler cannot express yet."""
    help_ = "decide inside a step"
    if type(value.value).__name__ == "Param":
        name = cast("Any", value.value).name
        help_ = f"fix the parameter for this compilation with `--bind {name}=VALUE`, or decide inside a step"
    what = {"if": "`if`", "while": "`while`", "match": "`match`", "loop": "a loop", "and": "`and`", "or": "`or`"}.get(construct, construct)
    return Diagnostic("PC0312", f"{what} over {describe(value)}, which only a run knows, is not supported yet", span, help=help_)


def _not_known(value: Any, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0204",
        f"{describe(value)} is not known at compile time",
        span,
        notes=("the compiler never imports or runs code, so values of other packages are only names to it",),
        help="use it inside a step",
    )


def _too_many(count: int | None, span: Span) -> Diagnostic:
    found = f"{count:,}" if count is not None else "more"
    message = f"a loop over {found} items is not unrolled; the bound is {ITERATION_BOUND:,}"
    return Diagnostic("PC0209", message, span, help="loop inside a step")


def _wrong_arity(what: str, wanted: int, span: Span, output_names: Sequence[str] = ()) -> Diagnostic:
    notes = (f"the outputs are {', '.join(f'`{name}`' for name in output_names)}",) if output_names else ()
    targets = f"{wanted} name{'s' if wanted != 1 else ''}"
    return Diagnostic("PC0303", f"{what}, which cannot be unpacked into {targets}", span, notes=notes)


def _unpack_symbolic(value: Symbolic, targets: Sequence[ast.expr], span: Span) -> list[Any]:
    inner = value.value
    if isinstance(inner, Output) and not (inner.type.name in {"list", "tuple"}):
        step = f"`{inner.operation}` returns one value"
        help_ = "annotate it to return `tuple[…]` and return a literal tuple, or unpack inside a step"
        diagnostic = _wrong_arity(step, len(targets), span)
        raise Fault(Diagnostic(diagnostic.code, diagnostic.message, span, help=help_))
    if any(isinstance(one, ast.Starred) for one in targets):
        raise Fault(run_time_control("unpacking", value, span))
    if inner.type.name == "tuple" and not inner.type.is_variadic and len(inner.type.arguments) not in (0, len(targets)):
        raise Fault(_wrong_arity(f"{describe(value)} has {len(inner.type.arguments)} values", len(targets), span))
    return [
        Symbolic(Expr("index", (inner, operations.to_value(i, span)), _element_type(inner.type, i)))
        for i in range(len(targets))
    ]


def _element_type(type_: Type, index: int | None = None) -> Type:
    if type_.name == "list" and type_.arguments:
        return type_.arguments[0]
    if type_.name == "dict" and len(type_.arguments) == 2:
        return type_.arguments[1]
    if type_.name == "tuple" and index is not None and index < len(type_.arguments):
        return type_.arguments[index]
    return types.ANY


def _common_type(parts: Sequence[Any]) -> Type:
    kinds = tuple(dict.fromkeys(part.type for part in parts))
    if len(kinds) == 1:
        return cast("Type", kinds[0])
    return types.ANY if types.ANY in kinds else Type("union", kinds)


def _format(value: Any, convert: str, specification: Any) -> str:
    plain = value.value if isinstance(value, EnumMember) else value
    if isinstance(value, EnumMember) and not value.is_text:
        plain = f"{value.symbol.rpartition(':')[2]}.{value.name}"
    converted = {"r": repr, "s": str, "a": ascii}[convert](plain) if convert else plain
    return format(converted, specification)


def _bounded(value: Iterable[Any]) -> Iterable[Any]:
    for count, item in enumerate(value):
        if count > ITERATION_BOUND:
            return
        yield item


