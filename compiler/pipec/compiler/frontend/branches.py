"""Conditions that only a run decides: each arm is evaluated once, in a block of its own, and what they leave is merged."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.graph import ids_in
from pipec.compiler.frontend.jumps import (
    BREAK,
    CONTINUE,
    RAISED,
    Flag,
    Maybe,
    Returned,
    Signal,
    as_maybe,
    ends_in_raise,
    settled,
    surely_jumps,
    when_jumped,
)
from pipec.compiler.frontend.merging import Merge
from pipec.compiler.frontend.values import Fault, Frame, Raised, Symbolic, Unknown
from pipec.compiler.ir import types
from pipec.compiler.ir.model import Arm, Block, If
from pipec.compiler.ir.values import Output
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.frontend.graph import GraphBuilder
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.journal import Delta
    from pipec.compiler.source import Span

NESTING_BOUND = 60
"""How deep run-time conditions and loops may nest."""


@dataclass(slots=True)
class Path:
    """One arm: its condition, None for `else`, and what it does."""

    condition: Symbolic | None
    run: Callable[[], Signal]


@dataclass(slots=True)
class _Outcome:
    signal: Signal
    block: Block
    delta: Delta


def _as_it_is(signal: Signal) -> Signal:
    return signal


class BranchMixin:
    """Evaluates conditions of the run; part of `Interpreter`."""

    def branch(self, paths: Sequence[Path], name: str, span: Span, is_expression: bool = False) -> Signal:
        """Evaluates each arm on the state before, adds the `If` if one of them adds an operation, and merges.

        The last of `paths` is the `else`. In an expression an arm that gives a value goes on, as it were.

        Raises:
            Fault: conditions nest too deep.
            Freeze: an arm needs a parameter to be known.
        """
        this = cast("Interpreter", self)
        graph = cast("GraphBuilder", this.graph)
        check_depth(this, span)
        mark = graph.mark()
        identifier = graph.reserve(name, span)
        size = graph.size
        conditions = tuple(path.condition for path in paths)
        outcomes = [self._arm(path, conditions) for path in paths]
        inner: set[str] = set()
        if graph.size == size:
            graph.rollback(mark)
        else:
            inner = {one for outcome in outcomes for one in ids_in(outcome.block)}
        maybes = [as_maybe(outcome.signal) for outcome in outcomes]
        ends = [index for index, outcome in enumerate(outcomes) if outcome.signal is not RAISED]
        live = [index for index in ends if is_expression or maybes[index].returned is not True]
        merge = Merge(this, identifier, conditions, [one.delta for one in outcomes], ends, live, inner, span)
        merge.run()
        signal = _merged_signal(merge, [outcome.signal for outcome in outcomes], maybes)
        if inner:
            arms = tuple(
                Arm(None if path.condition is None else path.condition.value, outcome.block)
                for path, outcome in zip(paths, outcomes, strict=True)
            )
            graph.add(If(identifier, arms, merge.results, span))
        if not ends:
            raise Raised
        return signal

    def _arm(self, path: Path, conditions: tuple[Symbolic | None, ...]) -> _Outcome:
        this = cast("Interpreter", self)
        graph = cast("GraphBuilder", this.graph)
        graph.open()
        this.journal.open()
        this.conditions.append(conditions)
        try:
            signal = path.run()
        except Raised:
            signal = RAISED
        finally:
            this.conditions.pop()
            block, delta = graph.close(), this.journal.close()
        return _Outcome(signal, block, delta)

    def choose(self, paths: Sequence[tuple[Symbolic | None, Callable[[], Any]]], name: str, span: Span) -> Any:
        """The value of an expression that a condition of the run decides: that of the arm whose condition holds first."""

        def arm(compute: Callable[[], Any]) -> Callable[[], Signal]:
            return lambda: Returned(compute())

        signal = self.branch([Path(condition, arm(compute)) for condition, compute in paths], name, span, True)
        return as_maybe(signal).value

    def branch_statement(
        self, node: ast.If, test: Symbolic, rest: Sequence[ast.stmt], frame: Frame
    ) -> tuple[Signal, bool]:
        """An `if` statement over a condition of the run.

        Where one arm goes on and every other jumps, what follows the statement (`rest`) is part of that arm.

        Returns:
            How it ended, and whether `rest` was run.
        """
        this = cast("Interpreter", self)
        arms, last = self._arms(node, test, frame)
        bodies = [body for _, body in arms] + [last]
        going = [index for index, body in enumerate(bodies) if not surely_jumps(body)]
        if all(ends_in_raise(body) for index, body in enumerate(bodies) if index not in going):
            going = []  # what follows waits for the check
        if len(going) > 1 and surely_jumps(node.body):
            arms, last = [(test, node.body)], node.orelse
            bodies, going = [node.body, node.orelse], [1]
        takes_rest = len(going) == 1
        if takes_rest:
            bodies[going[0]] = [*bodies[going[0]], *rest]
        conditions = [condition for condition, _ in arms] + [None]

        def arm(body: Sequence[ast.stmt]) -> Callable[[], Signal]:
            return lambda: this.execute(body, frame)

        paths = [Path(condition, arm(body)) for condition, body in zip(conditions, bodies, strict=True)]
        signal = self.branch(paths, name_of_condition("if", node.test), this.span(node.test, frame))
        return signal, takes_rest or all(map(surely_jumps, bodies))

    def _arms(
        self, node: ast.If, test: Symbolic, frame: Frame
    ) -> tuple[list[tuple[Symbolic | None, list[ast.stmt]]], list[ast.stmt]]:
        """The `if` and the `elif`s whose conditions can be evaluated beforehand, and what is left for `else`."""
        this = cast("Interpreter", self)
        arms: list[tuple[Symbolic | None, list[ast.stmt]]] = [(test, node.body)]
        rest = node.orelse
        while len(rest) == 1 and isinstance(rest[0], ast.If) and _is_plain(rest[0].test):
            inner = rest[0]
            value = this.condition(inner.test, frame)
            if isinstance(value, Symbolic):
                arms.append((value, inner.body))
            elif this.truth(value, this.span(inner.test, frame), "if"):
                return arms, inner.body
            rest = inner.orelse
        return arms, rest

    def condition(self, node: ast.expr, frame: Frame) -> Any:
        """The value of a condition; a run-time one is checked to be something that can be tested."""
        this = cast("Interpreter", self)
        value = this.settle_open(this.evaluate(node, frame), this.span(node, frame))
        if isinstance(value, Unknown):
            raise Fault(value.diagnostic)
        if isinstance(value, Symbolic):
            check_condition(value, this.span(node, frame))
        return value

    def go_on(
        self,
        signal: Signal,
        run: Callable[[], Signal],
        span: Span,
        behind: Callable[[Signal], Signal] = _as_it_is,
    ) -> Signal:
        """Runs what follows a statement that may have jumped: only where it has not.

        `behind` says what a jump means to what comes after.
        """
        maybe = as_maybe(signal)
        jumped = any_of([maybe.returned, maybe.broke, maybe.continued], span)
        if isinstance(jumped, bool):
            return behind(settled(maybe)) if jumped else run()
        stays = operations.symbolic("not", [jumped], types.BOOL, span)
        return self.branch([Path(stays, run), Path(None, lambda: behind(when_jumped(maybe)))], "if", span)


def _merged_signal(merge: Merge, signals: Sequence[Signal], maybes: Sequence[Maybe]) -> Signal:
    """How the whole ends: plainly where all arms end alike, else with a flag for each kind of jump."""
    merge.around = merge.all
    ended = [signals[index] for index in merge.all]
    if all(one is None for one in ended):
        return None
    if all(one is BREAK for one in ended) or all(one is CONTINUE for one in ended):
        return ended[0]

    returned = merge.flag([maybes[index].returned for index in merge.all])
    broke = merge.flag([maybes[index].broke for index in merge.all])
    continued = merge.flag([maybes[index].continued for index in merge.all])
    giving = [index for index in merge.all if maybes[index].returned is not False]
    value = node = None
    if giving:
        merge.around = giving
        values = [maybes[index].value for index in giving]
        merge.find_old(values)
        value = merge.value(_name_of_result(values), values)
        node = next((maybes[index].node for index in giving if maybes[index].node is not None), None)
    return settled(Maybe(returned, broke, continued, value, node))


def _name_of_result(values: Sequence[Any]) -> str:
    """What to call what the arms return: as the first of them that is the result of a step."""
    for value in values:
        if isinstance(value, Symbolic) and isinstance(value.value, Output):
            return value.value.operation if value.value.name == "output" else value.value.name
    return "output"


def any_of(flags: Sequence[Flag], span: Span) -> Flag:
    """Whether one of the flags holds."""
    if any(one is True for one in flags):
        return True
    open_ = [one for one in flags if isinstance(one, Symbolic)]
    if len(open_) < 2:
        return open_[0] if open_ else False
    return operations.symbolic("or", open_, types.BOOL, span)


def check_condition(value: Symbolic, span: Span) -> None:
    """Refuses a condition that no target could mean, or that the machine decides.

    Raises:
        Fault: it is one.
    """
    operations.check_use(value, "a condition on it", span)
    operations.check_shape(value, "a condition", span)


def check_depth(interpreter: Interpreter, span: Span) -> None:
    """Refuses run-time control flow that nests without bound.

    Raises:
        Fault: it nests deeper than `NESTING_BOUND`.
    """
    if interpreter.journal.depth >= NESTING_BOUND:
        message = f"conditions and loops of the run nest deeper than {NESTING_BOUND} levels"
        help_ = "an early `return` or `break` makes all that follows part of an arm; decide inside a step"
        raise Fault(Diagnostic("PC0209", message, span, help=help_))


def name_of_condition(word: str, test: ast.expr) -> str:
    """The base of the id of an `If`: `if_accuracy` for `if not accuracy > 0.9`."""
    pending: list[ast.AST] = [test]
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Name):
            return f"{word}_{node.id}" if node.id.isidentifier() else word
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (node.args or node.keywords):
            pending.extend(ast.iter_child_nodes(node))
            pending.remove(node.func)
            continue
        pending.extend(ast.iter_child_nodes(node))
    return word


def _is_plain(node: ast.expr) -> bool:
    """Whether the expression calls and binds nothing, so that it may be evaluated before it is its turn."""
    return not any(isinstance(one, ast.Call | ast.NamedExpr | ast.Await) for one in ast.walk(node))
