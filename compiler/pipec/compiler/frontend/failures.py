"""`raise`, `assert` and `try` of the evaluator."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, cast

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault, Frame, Raised, StepResult, Symbolic, Unknown, is_open

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.jumps import Signal
    from pipec.compiler.source import Span


class FailureMixin:
    """Executes statements that fail or catch; part of `Interpreter`."""

    def _run_Raise(self, node: ast.Raise, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        if this.is_run_time:
            this.raise_in_run(node, frame)
        text = ast.get_source_segment(frame.module.source.text, node) or "raise"
        exception = None
        message = f"the pipeline raises here: `{one_line(text)}`"
        if node.exc is not None:
            exception, detail = this.raised(node.exc, frame)
            message = f"the pipeline raises `{detail}`" if detail else message
        fault = Fault(Diagnostic("PC0206", message, this.span(node, frame)))
        fault.__cause__ = exception
        raise fault

    def _run_Assert(self, node: ast.Assert, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        value = this.evaluate(node.test, frame)
        if isinstance(value, Unknown | Symbolic | StepResult) or is_open(value):
            whole = this.settle_open(value, this.span(node.test, frame))
            is_checked = (
                this.graph is not None and isinstance(whole, Symbolic) and this.check_assertion(node, whole, frame)
            )
            if this.strict and not is_checked:
                this.report(dropped("assert", this.span(node, frame)))
            return None
        if not this.truth(value, this.span(node.test, frame), "assert"):
            fault = Fault(Diagnostic("PC0206", "this assertion does not hold", this.span(node, frame)))
            fault.__cause__ = AssertionError()
            raise fault
        return None

    def _run_Try(self, node: ast.Try, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        before = this.graph.size if this.graph is not None else 0
        outer, this.raises = this.raises, True
        swallows = [one for one in node.handlers if not _raises_again(one)]
        try:
            signal = this.execute(node.body, frame)
            caught = None
        except Fault as fault:
            caught, signal = fault, None
        except Raised:
            if swallows:
                raise Fault(_swallowed(this.span(swallows[0], frame))) from None
            raise
        finally:
            this.raises = outer
        if swallows and this.graph is not None and this.graph.size > before:
            raise Fault(_swallowed(this.span(swallows[0], frame)))
        if caught is not None:
            handler = self._handler(node.handlers, caught, frame)
            if handler is None:
                this.execute(node.finalbody, frame)
                raise caught
            signal = this.execute(handler.body, frame)
        elif signal is None:
            signal = this.execute(node.orelse, frame)
        return this.execute(node.finalbody, frame) or signal

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


def _class_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Tuple):
        return [name for element in node.elts for name in _class_names(element)]
    return [node.id] if isinstance(node, ast.Name) else [node.attr] if isinstance(node, ast.Attribute) else []


def _matches(name: str, exception: BaseException) -> bool:
    candidate = getattr(builtins, name, None)
    if isinstance(candidate, type) and issubclass(candidate, BaseException):
        return isinstance(exception, candidate)
    return type(exception).__name__ == name


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends by raising, whatever happens in it."""
    leaves = any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in ast.walk(handler))
    return not leaves and isinstance(handler.body[-1], ast.Raise)


def _swallowed(span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0320",
        "an exception of a step cannot be caught in a pipeline",
        span,
        notes=("a failed step fails what depends on it, and the run",),
        help="catch it inside the step and return a value that says so",
    )


def dropped(what: str, span: Span) -> Diagnostic:
    """The note that an effect is left out of the graph."""
    return Diagnostic(
        "PC0214",
        f"`{what}` is left out: the graph does not use what it does",
        span,
        severity=Severity.NOTE,
        help="to have it done in every run, do it inside a step or a hook",
    )


def one_line(text: str) -> str:
    """Source text for a headline: on one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."
