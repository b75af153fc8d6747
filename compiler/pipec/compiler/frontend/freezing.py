"""Parameters that shape the graph as no target can in a run: fixed to their bound value or their default (DESIGN §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault, FunctionValue, Unknown, is_known
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.lower import Bindings
    from pipec.compiler.frontend.values import Freeze


def freeze(
    interpreter: Interpreter, function: FunctionValue, bindings: Bindings, wish: Freeze
) -> tuple[Bindings, list[Diagnostic]]:
    """The bindings with the parameters of `wish` fixed, and a warning for each.

    Raises:
        Fault: one of them has neither a default nor a bound value.
    """
    fixed, notes = dict(bindings.fixed), list[Diagnostic]()
    for name in wish.parameters:
        assert name not in fixed, "a fixed parameter is known"
        if name in bindings.defaults:
            value = bindings.defaults[name]
        elif name in function.defaults and is_known(function.defaults[name]):
            value = function.defaults[name]
        else:
            raise Fault(_without_value(name, function, wish))
        fixed[name] = value
        notes.append(_frozen(name, value, wish))
    return replace(bindings, fixed=fixed), notes


def _frozen(name: str, value: object, wish: Freeze) -> Diagnostic:
    return Diagnostic(
        "PC0317",
        f"the parameter `{name}` is frozen to `{value!r}`: it decides {wish.why}",
        wish.span,
        severity=Severity.WARNING,
        notes=("no target can do that in a run, so another value needs another compilation",),
        help=f"say so with `--bind {name}=VALUE`, or decide inside a step",
    )


def _without_value(name: str, function: FunctionValue, wish: Freeze) -> Diagnostic:
    unknown = function.defaults.get(name)
    notes = (unknown.diagnostic.message,) if isinstance(unknown, Unknown) else ()
    return Diagnostic(
        "PC0316",
        f"the parameter `{name}` has no value, and it decides {wish.why}",
        wish.span,
        notes=(*notes, "no target can do that in a run, so the value must be known when the pipeline is compiled"),
        help=f"compile with `--bind {name}=VALUE`, or give it a default",
    )
