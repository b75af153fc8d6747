"""The target-independent passes, in their order, and the driver that runs and checks them.

A pass is one function `apply(pipeline) -> (pipeline, diagnostics)` in a file of its own, whose docstring shows before
and after. It is handed a sound pipeline and gives one back; it changes nothing in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import has_errors, in_order
from pipec.compiler.errors import InternalCompilerError
from pipec.compiler.ir.verifier import verify as violations_of
from pipec.compiler.passes import (
    assign_carriers,
    check_cycles,
    check_edges,
    check_secrets,
    drop_dead_arms,
    drop_unused_results,
    lift_after,
)
from pipec.compiler.passes.check_capabilities import check_capabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline

    Pass = Callable[[Pipeline], tuple[Pipeline, list[Diagnostic]]]

__all__ = ["PASSES", "check_capabilities", "run_passes"]

PASSES: tuple[tuple[str, Pass], ...] = (
    # Arms that never run go first: what they ask for is no fault.
    ("drop_dead_arms", drop_dead_arms.apply),
    # What lowering lets out of arms and loops in case somebody reads it.
    ("drop_unused_results", drop_unused_results.apply),
    ("lift_after", lift_after.apply),
    ("check_cycles", check_cycles.apply),
    ("check_edges", check_edges.apply),
    ("check_secrets", check_secrets.apply),
    ("assign_carriers", assign_carriers.apply),
)
"""Every pass by name, in the order in which they run."""


_MOST_SHOWN = 10


def run_passes(pipeline: Pipeline, verify: bool = True) -> tuple[Pipeline, list[Diagnostic]]:
    """Runs all passes.

    They all run even where one finds errors, so that one run shows all faults; after a fault the changed pipeline is
    not for emitting.

    Args:
        pipeline: what the front end made.
        verify: whether to check the invariants before the first pass and after each.

    Raises:
        InternalCompilerError: an invariant does not hold, and no pass has found an error that explains it.
    """
    found: list[Diagnostic] = []
    if verify:
        _verify(pipeline, "lowering", is_lifted=False)
    is_lifted = False
    for name, apply in PASSES:
        changed, diagnostics = apply(pipeline)
        found.extend(diagnostics)
        is_lifted = is_lifted or name == "lift_after"
        if verify and changed is not pipeline and not has_errors(found):
            _verify(changed, name, is_lifted=is_lifted)
        pipeline = changed
    return pipeline, in_order(found)


def _verify(pipeline: Pipeline, where: str, *, is_lifted: bool) -> None:
    if violations := violations_of(pipeline, is_lifted=is_lifted):
        shown = "; ".join(violations[:_MOST_SHOWN])
        more = f"; and {len(violations) - _MOST_SHOWN} more" if len(violations) > _MOST_SHOWN else ""
        raise InternalCompilerError(f"PC0901: invalid intermediate representation after `{where}`: {shown}{more}")
