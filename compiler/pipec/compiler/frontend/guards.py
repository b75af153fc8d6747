"""`raise` and `assert` where a run decides: a check, which is a step of pipec's own that fails with the exception.

    if n < 1:                       check_n = call pipec.runtime.checks:check(failure=n < 1 ? ["ValueError", …] : None)
        raise ValueError("n < 1")   train = call steps:train() after [check_n]
    train()

Where an arm calls steps as well, its check stands in the arm. What stands behind a check in the source waits for it
(`GraphBuilder` sees to that), so that after a `raise` nothing runs, as in Python.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.frontend import operations
from pipec.compiler.frontend.branches import name_of_condition
from pipec.compiler.frontend.graph import CHECK
from pipec.compiler.frontend.values import External, Fault, Frame, Raised, Setting, StepValue, Symbolic
from pipec.compiler.ir import types
from pipec.compiler.ir.model import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.frontend.graph import GraphBuilder
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.ir.model import Block
    from pipec.compiler.source import Span


_CHECK = External(CHECK.replace(":", "."))


class GuardMixin:
    """Makes checks of guards; part of `Interpreter`."""

    @property
    def is_run_time(self) -> bool:
        """Whether a run decides if the statement that is evaluated is reached."""
        this = cast("Interpreter", self)
        return this.graph is not None and bool(this.conditions)

    def raise_in_run(self, node: ast.Raise, frame: Frame) -> None:
        """Adds a check that fails to the arm that is evaluated.

        Raises:
            Raised: always; the arm ends here.
        """
        this = cast("Interpreter", self)
        self._check(self._failure(node, frame), "fail", this.span(node, frame))
        raise Raised

    def guard(self, node: ast.If, test: Symbolic, frame: Frame) -> Sequence[ast.stmt] | None:
        """Makes a check of an `if` over a condition of the run, one of whose arms does nothing but raise.

        Returns:
            The statements of the other arm, which are to be run; None if it is no such `if`.
        """
        this = cast("Interpreter", self)
        span = this.span(node.test, frame)
        if _ends_by_raising(node.body):
            raising, other, condition = node.body, node.orelse, test
        elif _ends_by_raising(node.orelse):
            raising, other = node.orelse, node.body
            condition = operations.symbolic("not", [test], types.BOOL, span)
        else:
            return None
        operations.check_use(test, "a condition on it", span)
        said = len(this.diagnostics)
        graph = cast("GraphBuilder", this.graph)
        mark = graph.mark()
        block = self._raised_in(raising, test, frame)
        graph.rollback(mark)
        if block is None or len(block.operations) != 1:
            del this.diagnostics[said:]
            return None
        (only,) = block.operations
        if not isinstance(only, Call) or only.step != CHECK:
            del this.diagnostics[said:]
            return None
        failure = Symbolic(only.arguments["failure"])
        self._check(self._unless(condition, failure, span), name_of_condition("check", node.test), span)
        return other

    def check_assertion(self, node: ast.Assert, value: Symbolic, frame: Frame) -> bool:
        """Makes a check of an `assert` over a value of the run; returns whether a step can look at the value."""
        this = cast("Interpreter", self)
        span = this.span(node.test, frame)
        try:
            operations.check_use(value, "a condition on it", span)
            given = [] if node.msg is None else [this.evaluate(node.msg, frame)]
            failure = operations.as_symbolic(["AssertionError", given], span)
        except Fault:
            return False
        fails = operations.symbolic("not", [value], types.BOOL, span)
        self._check(self._unless(fails, failure, span), name_of_condition("check", node.test), span)
        return True

    def _raised_in(self, body: Sequence[ast.stmt], test: Symbolic, frame: Frame) -> Block | None:
        """The operations of an arm that raises; None if it does not. What it changes is undone."""
        this = cast("Interpreter", self)
        graph = cast("GraphBuilder", this.graph)
        graph.open()
        this.journal.open()
        this.conditions.append((test,))
        has_raised = False
        try:
            this.execute(body, frame)
        except Raised:
            has_raised = True
        finally:
            this.conditions.pop()
            this.journal.close()
            block = graph.close()
        return block if has_raised else None

    def _unless(self, fails: Symbolic, failure: Any, span: Span) -> Symbolic:
        return operations.symbolic("if", [fails, failure, None], types.ANY, span)

    def _check(self, failure: Any, base: str, span: Span) -> None:
        """Adds the call of the step that raises `failure`, unless it is None."""
        from pipec.compiler.frontend.calls import Arguments
        from pipec.compiler.frontend.step_calls import call_step

        this = cast("Interpreter", self)
        this.program.step(this, StepValue(_CHECK, {}), span)  # so that its name is its own, whichever call is the first
        options = {"name": Setting(base, span), "enable_cache": Setting(False, span), "retry": Setting(None, span)}
        call_step(this, StepValue(_CHECK, options), Arguments([], {"failure": Setting(failure, span)}), span)

    def _failure(self, node: ast.Raise, frame: Frame) -> Any:
        """The class of the exception and what it is made of; its text as written where that cannot travel."""
        this = cast("Interpreter", self)
        span = this.span(node, frame)
        written = ast.unparse(node)
        if node.exc is None:
            return ["RuntimeError", [written]]
        called = node.exc if isinstance(node.exc, ast.Call) else None
        raised = this.evaluate(node.exc if called is None else called.func, frame)
        module = getattr(getattr(raised, "module", None), "name", "")
        name = getattr(raised, "qualified_name", "") or getattr(raised, "name", "") or getattr(raised, "path", "")
        kind = f"{module}.{name}" if module and name else name or "RuntimeError"
        if called is None:
            return [kind, []]
        try:
            given = [one.value for one in this.arguments_of(called, frame).positional]
            operations.as_symbolic(given, span)
        except Fault:
            return [kind, [written]]
        return [kind, given]


def _ends_by_raising(body: Sequence[ast.stmt]) -> bool:
    """Whether the statements do little but raise, by their form."""
    return (
        bool(body)
        and isinstance(body[-1], ast.Raise)
        and all(isinstance(one, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign) for one in body[:-1])
    )
