"""Statements of the evaluator."""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names
from pipec.compiler.frontend.values import (
    ClassValue,
    Fault,
    Frame,
    InstanceValue,
    ProjectFile,
    StepResult,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
)
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_CANNOT_KNOW = frozenset({"PC0204", "PC0213"})
"""Codes of unknowns that harm only where the value is needed; others are faults wherever they stand."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A `return` was met."""

    value: Any
    node: ast.AST | None = None


class _Jump:
    """A `break` or `continue` was met."""


BREAK = _Jump()
CONTINUE = _Jump()
STOPPED = Returned(None)
"""A statement that ends the function failed; the fault is reported."""

Signal = Returned | _Jump | None


class StatementMixin:
    """Executes statements; part of `Interpreter`."""

    def execute(self, statements: Sequence[ast.stmt], frame: Frame) -> Signal:
        """Runs `statements` in order until one returns or jumps."""
        this = cast("Interpreter", self)
        for statement in statements:
            try:
                this.burn(statement, frame)
                signal = self._execute_one(statement, frame)
            except Fault as fault:
                if this.raises:
                    raise
                signal = self._recover(statement, frame, fault)
            except RecursionError:
                signal = self._recover(statement, frame, Fault(_too_deep(this.span(statement, frame))))
            if signal is not None:
                return signal
        return None

    def _recover(self, statement: ast.stmt, frame: Frame, fault: Fault) -> Signal:
        """Poisons what `statement` would have bound; in a pipeline's body the fault is reported."""
        this = cast("Interpreter", self)
        if this.strict:
            this.report(fault.diagnostic)
        for name in bound_names(statement):
            frame.names[name] = Unknown(fault.diagnostic)
        ends = isinstance(statement, ast.Raise) or fault.diagnostic.code == "PC0209"
        return Returned(Unknown(fault.diagnostic)) if ends or isinstance(statement, ast.Return) else None

    def _execute_one(self, node: ast.stmt, frame: Frame) -> Signal:
        method = getattr(self, f"_run_{type(node).__name__}", None)
        if method is None:
            this = cast("Interpreter", self)
            message = f"`{_keyword(node)}` is not supported here"
            raise Fault(Diagnostic("PC0210", message, this.span(node, frame), help="do it inside a step"))
        return cast("Signal", method(node, frame))

    def _run_Expr(self, node: ast.Expr, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        value = this.evaluate(node.value, frame)
        if this.strict and isinstance(value, Unknown):
            if value.diagnostic.code not in _CANNOT_KNOW:
                raise Fault(value.diagnostic)
            called = node.value.func if isinstance(node.value, ast.Call) else node.value
            this.report(_dropped(_one_line(ast.unparse(called)), this.span(node, frame)))
        return None

    def _run_Assign(self, node: ast.Assign, frame: Frame) -> Signal:
        value = cast("Interpreter", self).evaluate(node.value, frame)
        for target in node.targets:
            self.assign(target, value, frame)
        return None

    def _run_AnnAssign(self, node: ast.AnnAssign, frame: Frame) -> Signal:
        if node.value is not None:
            self.assign(node.target, cast("Interpreter", self).evaluate(node.value, frame), frame)
        return None

    def _run_AugAssign(self, node: ast.AugAssign, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        load = _as_load(node.target)
        current = this.evaluate(load, frame)
        operand = this.evaluate(node.value, frame)
        if isinstance(current, list) and isinstance(node.op, ast.Add) and isinstance(operand, list | tuple):
            current.extend(operand)  # in place, as in Python: other names of the list see it
            value: Any = current
        else:
            value = this.binary(node.op, current, operand, this.span(node, frame))
        self.assign(node.target, value, frame)
        return None

    def _run_Return(self, node: ast.Return, frame: Frame) -> Signal:
        value = None if node.value is None else cast("Interpreter", self).evaluate(node.value, frame)
        return Returned(value, node)

    def _run_Pass(self, node: ast.Pass, frame: Frame) -> Signal:
        return None

    def _run_Break(self, node: ast.Break, frame: Frame) -> Signal:
        return BREAK

    def _run_Continue(self, node: ast.Continue, frame: Frame) -> Signal:
        return CONTINUE

    def _run_Import(self, node: ast.Import, frame: Frame) -> Signal:
        names.bind_import(cast("Interpreter", self), node, frame)
        return None

    def _run_ImportFrom(self, node: ast.ImportFrom, frame: Frame) -> Signal:
        names.bind_import_from(node, frame)
        return None

    def _run_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        if node.decorator_list and frame.parent is None and frame.names is frame.module.names:
            frame.names[node.name] = names.Pending(node, frame)
        else:
            frame.names[node.name] = this.define_decorated(node, frame)
        return None

    _run_AsyncFunctionDef = _run_FunctionDef

    def _run_ClassDef(self, node: ast.ClassDef, frame: Frame) -> Signal:
        if frame.parent is None and frame.names is frame.module.names:
            frame.names[node.name] = names.Pending(node, frame)
        else:
            frame.names[node.name] = cast("Interpreter", self).define_decorated(node, frame)
        return None

    def _run_If(self, node: ast.If, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        test = this.evaluate(node.test, frame)
        if isinstance(test, Unknown) and not this.strict:
            return self._lenient_branches([node.body, node.orelse], frame, test)
        return self.execute(node.body if this.truth(test, this.span(node.test, frame), "if") else node.orelse, frame)

    def _lenient_branches(self, branches: list[list[ast.stmt]], frame: Frame, why: Unknown) -> Signal:
        """Outside a pipeline a condition may be unknown: what any branch binds is unknown then, definitions and imports aside."""
        for branch in branches:
            for statement in branch:
                if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
                    self._execute_one(statement, frame)
                    continue
                for name in bound_names(statement):
                    frame.names[name] = why
        return None

    def _run_For(self, node: ast.For, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        iterable = this.evaluate(node.iter, frame)
        for item in this.iterate(iterable, this.span(node.iter, frame), "loop"):
            self.assign(node.target, item, frame)
            signal = self.execute(node.body, frame)
            if signal is BREAK:
                return None
            if isinstance(signal, Returned):
                return signal
        return self.execute(node.orelse, frame)

    def _run_While(self, node: ast.While, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        while this.truth(this.evaluate(node.test, frame), this.span(node.test, frame), "while"):
            this.burn(node, frame)
            signal = self.execute(node.body, frame)
            if signal is BREAK:
                return None
            if isinstance(signal, Returned):
                return signal
        return self.execute(node.orelse, frame)

    def _run_With(self, node: ast.With, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        for item in node.items:
            value = this.evaluate(item.context_expr, frame)
            if not isinstance(value, Unknown | ProjectFile):
                message = f"`with` over {describe(value)} is not supported here"
                raise Fault(
                    Diagnostic(
                        "PC0210",
                        message,
                        this.span(item, frame) if hasattr(item, "lineno") else this.span(item.context_expr, frame),
                    )
                )
            if this.strict and isinstance(value, Unknown):
                this.report(_dropped("with", this.span(item.context_expr, frame)))
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, frame)
        return self.execute(node.body, frame)

    def _run_Raise(self, node: ast.Raise, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        text = ast.get_source_segment(frame.module.source.text, node) or "raise"
        exception = None
        message = f"the pipeline raises here: `{_one_line(text)}`"
        if node.exc is not None:
            exception, detail = this.raised(node.exc, frame)
            message = f"the pipeline raises `{detail}`" if detail else message
        fault = Fault(Diagnostic("PC0206", message, this.span(node, frame)))
        fault.__cause__ = exception
        raise fault

    def _run_Assert(self, node: ast.Assert, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        value = this.evaluate(node.test, frame)
        if isinstance(value, Unknown | Symbolic | StepResult):
            if this.strict:
                this.report(_dropped("assert", this.span(node, frame)))
            return None
        if not this.truth(value, this.span(node.test, frame), "assert"):
            fault = Fault(Diagnostic("PC0206", "this assertion does not hold", this.span(node, frame)))
            fault.__cause__ = AssertionError()
            raise fault
        return None

    def _run_Delete(self, node: ast.Delete, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        for target in node.targets:
            if isinstance(target, ast.Name):
                frame.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                container = this.evaluate(target.value, frame)
                key = this.evaluate(target.slice, frame)
                if isinstance(container, dict | list) and not isinstance(key, Symbolic | Unknown):
                    this.guarded(partial(_delete_item, container, key), this.span(target, frame))
        return None

    def _run_Global(self, node: ast.Global, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        if this.strict:
            message = "`global` is not supported in a pipeline"
            raise Fault(Diagnostic("PC0210", message, this.span(node, frame), help="pass the value as an argument"))
        return None

    def _run_Nonlocal(self, node: ast.Nonlocal, frame: Frame) -> Signal:
        for name in node.names:
            scope = frame.parent
            while scope is not None and name not in scope.names:
                scope = scope.parent
            if scope is not None:
                frame.nonlocal_names[name] = scope
        return None

    def _run_Try(self, node: ast.Try, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        before = this.graph.size if this.graph is not None else 0
        outer, this.raises = this.raises, True
        try:
            signal = self.execute(node.body, frame)
            caught = None
        except Fault as fault:
            caught, signal = fault, None
        finally:
            this.raises = outer
        if node.handlers and this.graph is not None and this.graph.size > before:
            raise Fault(_swallowed(this.span(node.handlers[0], frame)))
        if caught is not None:
            handler = self._handler(node.handlers, caught, frame)
            if handler is None:
                self.execute(node.finalbody, frame)
                raise caught
            signal = self.execute(handler.body, frame)
        elif signal is None:
            signal = self.execute(node.orelse, frame)
        return self.execute(node.finalbody, frame) or signal

    def _handler(self, handlers: list[ast.ExceptHandler], fault: Fault, frame: Frame) -> ast.ExceptHandler | None:
        """The handler that Python would choose for the exception behind `fault`; a fault of ours alone is never caught."""
        if fault.__cause__ is None:
            return None
        for handler in handlers:
            if handler.type is None or any(_matches(one, fault.__cause__) for one in _class_names(handler.type)):
                if handler.name:
                    frame.names[handler.name] = Unknown(fault.diagnostic)
                return handler
        return None

    def _run_Match(self, node: ast.Match, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        subject = this.evaluate(node.subject, frame)
        span = this.span(node.subject, frame)
        if isinstance(subject, Symbolic | StepResult | Unknown):
            this.truth(subject, span, "match")
        for case in node.cases:
            bindings: dict[str, Any] = {}
            if this.matches(case.pattern, subject, frame, bindings):
                frame.names.update(bindings)
                if case.guard is None or this.truth(this.evaluate(case.guard, frame), span, "if"):
                    return self.execute(case.body, frame)
        return None

    def assign(self, target: ast.expr, value: Any, frame: Frame) -> None:
        """Binds `value` to `target`.

        Raises:
            Fault: the value cannot be unpacked into the target, or the target cannot be assigned to.
        """
        this = cast("Interpreter", self)
        match target:
            case ast.Name(id=name):
                frame.nonlocal_names.get(name, frame).names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for inner, part in zip(targets, this.unpack(targets, value, frame, target), strict=True):
                    self.assign(inner.value if isinstance(inner, ast.Starred) else inner, part, frame)
            case ast.Subscript():
                self._assign_item(target, value, frame)
            case ast.Attribute():
                self._assign_attribute(target, value, frame)
            case _:
                raise Fault(Diagnostic("PC0210", "this assignment is not supported here", this.span(target, frame)))

    def _assign_item(self, target: ast.Subscript, value: Any, frame: Frame) -> None:
        this = cast("Interpreter", self)
        container = this.evaluate(target.value, frame)
        key = this.evaluate(target.slice, frame)
        span = this.span(target, frame)
        if isinstance(container, Unknown) or find_unknown(key):
            return
        if not isinstance(container, dict | list) or isinstance(key, Symbolic):
            message = f"an element of {describe(container)} cannot be assigned here"
            raise Fault(Diagnostic("PC0210", message, span, help="do it inside a step"))
        this.guarded(lambda: container.__setitem__(key, value), span)

    def _assign_attribute(self, target: ast.Attribute, value: Any, frame: Frame) -> None:
        this = cast("Interpreter", self)
        owner = this.evaluate(target.value, frame)
        if isinstance(owner, InstanceValue):
            owner.fields[target.attr] = value
        elif isinstance(owner, ClassValue):
            cast("dict[str, Any]", owner.names)[target.attr] = value
        elif this.strict and not isinstance(owner, Unknown):
            message = f"an attribute of {describe(owner)} cannot be assigned here"
            raise Fault(Diagnostic("PC0210", message, this.span(target, frame)))


def bound_names(statement: ast.stmt) -> list[str]:
    """The names that `statement` binds, in it or below it, not those inside functions and classes."""
    found: list[str] = []
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.alias(name=name, asname=asname):
                found.append(asname or name.partition(".")[0])
            case _:
                pending.extend(ast.iter_child_nodes(node))
    return found


def _delete_item(container: Any, key: Any) -> None:
    del container[key]


def _as_load(target: ast.expr) -> ast.expr:
    """The expression that reads what `target` assigns."""
    match target:
        case ast.Name(id=name):
            load: ast.expr = ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            load = ast.Attribute(value, attr, ast.Load())
        case ast.Subscript(value=value, slice=index):
            load = ast.Subscript(value, index, ast.Load())
        case _:
            return target
    return ast.copy_location(load, target)


def _class_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Tuple):
        return [name for element in node.elts for name in _class_names(element)]
    return [node.id] if isinstance(node, ast.Name) else [node.attr] if isinstance(node, ast.Attribute) else []


def _matches(name: str, exception: BaseException) -> bool:
    candidate = getattr(builtins, name, None)
    if isinstance(candidate, type) and issubclass(candidate, BaseException):
        return isinstance(exception, candidate)
    return type(exception).__name__ == name


def _swallowed(span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0320",
        "an exception of a step cannot be caught in a pipeline",
        span,
        notes=("a failed step fails what depends on it, and the run",),
        help="catch it inside the step and return a value that says so",
    )


def _dropped(what: str, span: Span) -> Diagnostic:
    from pipec.compiler.diagnostics import Severity

    return Diagnostic(
        "PC0214",
        f"`{what}` is left out: the graph does not use what it does",
        span,
        severity=Severity.NOTE,
        help="to have it done in every run, do it inside a step or a hook",
    )


def _too_deep(span: Span) -> Diagnostic:
    return Diagnostic("PC0209", "this is nested deeper than can be evaluated", span, help="move it into a step")


def _keyword(node: ast.stmt) -> str:
    return {"AsyncFor": "async for", "AsyncWith": "async with", "TryStar": "except*", "TypeAlias": "type"}.get(
        type(node).__name__, type(node).__name__.lower()
    )


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."
