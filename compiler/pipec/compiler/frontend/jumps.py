"""How a statement ends when it does not simply go on to the next: `return`, `break`, `continue`, or one of them perhaps.

Where a condition of the run decides whether a jump is made, each kind has a *flag*: a boolean of the run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.frontend.values import Symbolic
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

Flag = bool | Symbolic
"""Whether something happens: known, or a boolean of the run."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A `return` was met."""

    value: Any
    node: ast.AST | None = None


class _Jump:
    """A `break`, a `continue` or a `raise` was met."""


BREAK = _Jump()
CONTINUE = _Jump()
RAISED = _Jump()
"""An arm raised: a check of the graph fails in it, and nothing follows."""
STOPPED = Returned(None)
"""A statement that ends the function failed; the fault is reported."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """Some of the arms of a run-time condition have jumped. `value` is what is returned where `returned` holds."""

    returned: Flag
    broke: Flag
    continued: Flag
    value: Any = None
    node: ast.AST | None = None


Signal = Returned | _Jump | Maybe | None


def as_maybe(signal: Signal) -> Maybe:
    """The signal with its flags spelled out."""
    if isinstance(signal, Maybe):
        return signal
    if isinstance(signal, Returned):
        return Maybe(True, False, False, signal.value, signal.node)
    return Maybe(False, signal is BREAK, signal is CONTINUE)


def settled(maybe: Maybe) -> Signal:
    """The plain signal that `maybe` stands for where its flags are known, else itself."""
    if maybe.returned is True:
        return Returned(maybe.value, maybe.node)
    if maybe.returned is False and maybe.broke is True:
        return BREAK
    if maybe.returned is False and maybe.broke is False and isinstance(maybe.continued, bool):
        return CONTINUE if maybe.continued else None
    return maybe


def when_jumped(maybe: Maybe) -> Signal:
    """What the signal is where one of its flags holds; plain where only one of them can."""
    possible = [one for one in (maybe.returned, maybe.broke, maybe.continued) if one is not False]
    if len(possible) > 1:
        return maybe
    return settled(
        Maybe(
            maybe.returned is not False, maybe.broke is not False, maybe.continued is not False, maybe.value, maybe.node
        )
    )


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def surely_jumps(statements: Sequence[ast.stmt]) -> bool:
    """Whether the statements never go on to what follows them, judged by their form."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.If):
        return surely_jumps(last.body) and surely_jumps(last.orelse)
    return isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Raise)


def ends_in_raise(statements: Sequence[ast.stmt]) -> bool:
    """Whether the last of the statements is a `raise`."""
    return bool(statements) and isinstance(statements[-1], ast.Raise)
