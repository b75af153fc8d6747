"""The target-independent passes, in the order in which they run. A pass is one function on the pipeline, in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import has_errors
from pipec.compiler.passes.assign_carriers import assign_carriers
from pipec.compiler.passes.check_cycles import check_cycles
from pipec.compiler.passes.check_edges import check_edges
from pipec.compiler.passes.check_secrets import check_secrets
from pipec.compiler.passes.lift_after import lift_after

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline

PASSES = (lift_after, check_cycles, check_edges, assign_carriers, check_secrets)
"""What runs between the front end and a target."""


def run_passes(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """`pipeline` after all passes, and what they found; the first pass with errors is the last."""
    found: list[Diagnostic] = []
    for apply in PASSES:
        pipeline, diagnostics = apply(pipeline)
        found += diagnostics
        if has_errors(diagnostics):
            break
    return pipeline, found
