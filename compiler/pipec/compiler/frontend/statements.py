"""Statements of the evaluator."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names
from pipec.compiler.frontend.assignments import AssignmentMixin, bound_names
from pipec.compiler.frontend.branches import check_condition
from pipec.compiler.frontend.failures import FailureMixin, dropped, one_line
from pipec.compiler.frontend.jumps import BREAK, CONTINUE, Maybe, Returned, Signal, as_maybe, settled
from pipec.compiler.frontend.patterns import match_as_if, subject_name
from pipec.compiler.frontend.values import Fault, Frame, ProjectFile, StepResult, Symbolic, Unknown, describe
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_CANNOT_KNOW = frozenset({"PC0204", "PC0213"})
"""Codes of unknowns that harm only where the value is needed; others are faults wherever they stand."""


class StatementMixin(AssignmentMixin, FailureMixin):
    """Executes statements; part of `Interpreter`."""

    def execute(self, statements: Sequence[ast.stmt], frame: Frame) -> Signal:
        """Runs `statements` in order until one returns or jumps."""
        this = cast("Interpreter", self)
        this.journal.touch(frame.names)
        for index, statement in enumerate(statements):
            is_last = False
            try:
                this.burn(statement, frame)
                plain = self._as_if(statement, frame) if type(statement) is ast.Match else statement
                if type(plain) is ast.If:
                    signal, is_last = self._run_If(plain, frame, statements, index + 1)
                else:
                    signal = self._execute_one(plain, frame)
                if isinstance(signal, Maybe) and not is_last and index + 1 < len(statements):
                    is_last = True
                    signal = this.go_on(signal, self._later(statements, index + 1, frame), this.span(statement, frame))
            except Fault as fault:
                if this.raises:
                    raise
                signal = self._recover(statement, frame, fault)
            except RecursionError:
                signal = self._recover(statement, frame, Fault(_too_deep(this.span(statement, frame))))
            if signal is not None or is_last:
                return signal
        return None

    def _later(self, statements: Sequence[ast.stmt], start: int, frame: Frame) -> Callable[[], Signal]:
        return lambda: self.execute(statements[start:], frame)

    def execute_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Returned:
        """Runs the body of a function; falling off its end returns None."""
        this = cast("Interpreter", self)
        end = ast.copy_location(ast.Return(None), node.body[-1])
        this.stack.append(frame)
        this.calls.append(frame)
        try:
            signal = self.execute([*node.body, end], frame)
        finally:
            this.stack.pop()
            this.calls.pop()
        maybe = as_maybe(signal)
        return Returned(maybe.value, None if maybe.node is end else maybe.node)

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
            this.report(dropped(one_line(ast.unparse(called)), this.span(node, frame)))
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

    def _run_If(
        self, node: ast.If, frame: Frame, statements: Sequence[ast.stmt] = (), start: int = 0
    ) -> tuple[Signal, bool]:
        """An `if`. Returns how it ended, and whether it has run what follows it, too."""
        this = cast("Interpreter", self)
        span = this.span(node.test, frame)
        test = this.settle_open(this.evaluate(node.test, frame), span)
        if isinstance(test, Unknown) and not this.strict:
            return self._lenient_branches([node.body, node.orelse], frame, test), False
        if isinstance(test, Symbolic) and this.graph is not None:
            if (left := this.guard(node, test, frame)) is not None:
                return self.execute(left, frame), False
            check_condition(test, span)
            return this.branch_statement(node, test, statements[start:], frame)
        return self.execute(node.body if this.truth(test, span, "if") else node.orelse, frame), False

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
        span = this.span(node.iter, frame)
        if this.graph is not None and (items := this.run_time_items(iterable, span)) is not None:
            return this.loop_statement(node, items, frame)
        return self._unroll(node, this.iterate(iterable, span, "loop"), 0, frame)

    def _unroll(self, node: ast.For, items: list[Any], start: int, frame: Frame) -> Signal:
        for index in range(start, len(items)):
            self.assign(node.target, items[index], frame)
            signal = self.execute(node.body, frame)
            if signal is BREAK or isinstance(signal, Returned):
                return _behind_loop(signal)
            if isinstance(signal, Maybe):
                return self._go_on_looping(signal, partial(self._unroll, node, items, index + 1, frame), node, frame)
        return self.execute(node.orelse, frame)

    def _run_While(self, node: ast.While, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        while this.truth(this.evaluate(node.test, frame), this.span(node.test, frame), "while"):
            this.burn(node, frame)
            signal = self.execute(node.body, frame)
            if signal is BREAK or isinstance(signal, Returned):
                return _behind_loop(signal)
            if isinstance(signal, Maybe):
                return self._go_on_looping(signal, lambda: self._run_While(node, frame), node, frame)
        return self.execute(node.orelse, frame)

    def _go_on_looping(self, signal: Maybe, run: Callable[[], Signal], node: ast.stmt, frame: Frame) -> Signal:
        """The iterations after one that may have left the loop."""
        this = cast("Interpreter", self)
        stayed = settled(replace(signal, continued=False))
        return run() if stayed is None else this.go_on(stayed, run, this.span(node, frame), _behind_loop)

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
                this.report(dropped("with", this.span(item.context_expr, frame)))
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, frame)
        return self.execute(node.body, frame)

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

    def _as_if(self, node: ast.Match, frame: Frame) -> ast.stmt:
        """A `match` over a run-time value as the `if` that it is short for; any other as it is."""
        this = cast("Interpreter", self)
        name = subject_name(node)
        frame.names[name] = subject = this.settle_open(
            this.evaluate(node.subject, frame), this.span(node.subject, frame)
        )
        if not isinstance(subject, Symbolic):
            return node
        return match_as_if(node, node.subject.id if isinstance(node.subject, ast.Name) else name) or node

    def _run_Match(self, node: ast.Match, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        subject = frame.names[subject_name(node)]
        span = this.span(node.subject, frame)
        if isinstance(subject, Symbolic | StepResult | Unknown):
            this.truth(subject, span, "match")
        for case in node.cases:
            bindings: dict[str, Any] = {}
            if this.matches(case.pattern, subject, frame, bindings):
                this.journal.touch(frame.names)
                frame.names.update(bindings)
                if case.guard is None or this.truth(this.evaluate(case.guard, frame), span, "if"):
                    return self.execute(case.body, frame)
        return None


def _behind_loop(signal: Signal) -> Signal:
    """What a signal of a loop's body means behind the loop: `break` and `continue` have done their work."""
    maybe = as_maybe(signal)
    return settled(replace(maybe, broke=False, continued=False))


def _too_deep(span: Span) -> Diagnostic:
    return Diagnostic("PC0209", "this is nested deeper than can be evaluated", span, help="move it into a step")


def _keyword(node: ast.stmt) -> str:
    return {"AsyncFor": "async for", "AsyncWith": "async with", "TryStar": "except*", "TypeAlias": "type"}.get(
        type(node).__name__, type(node).__name__.lower()
    )
