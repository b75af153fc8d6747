"""Compares what a pipeline asks for with what a target can do, before anything is emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.backend import Support
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.features import features_of

if TYPE_CHECKING:
    from pipec.compiler.backend import Backend
    from pipec.compiler.ir.model import Pipeline


def check_capabilities(pipeline: Pipeline, backend: Backend[Any]) -> list[Diagnostic]:
    """An error for each feature that the ledger refuses, a note for each that has no meaning on the target."""
    found: list[Diagnostic] = []
    for feature, span in features_of(pipeline).items():
        row = backend.ledger.get(feature)
        if row is None or row.support is Support.REFUSED:
            note = row.note if row is not None else "its ledger says nothing about it"
            found.append(
                Diagnostic(
                    "PC0401",
                    f"{backend.title} cannot do this: {feature.value}",
                    span,
                    notes=(note,) if note else (),
                    help="leave it out for this target, or choose another: `pipec targets --ledger` compares them",
                )
            )
        elif row.support is Support.IGNORED:
            found.append(
                Diagnostic(
                    "PC0402",
                    f"{feature.value} has no effect on {backend.title}",
                    span,
                    notes=(row.note,) if row.note else (),
                    severity=Severity.NOTE,
                )
            )
    return found
