"""Compares what a pipeline uses with the ledger of a target: PC0401 for what it refuses, PC0402 for what it ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pipec.compiler.backend import Capability, Support
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.features import features_of

if TYPE_CHECKING:
    from pipec.compiler.backend import Ledger
    from pipec.compiler.ir.features import Feature
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.source import Span


class Target(Protocol):
    """The part of a `Backend` that this check reads."""

    @property
    def title(self) -> str:
        """The product, for people."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What it can do, for every feature."""
        ...


_UNSAID = Capability(Support.REFUSED, "its ledger says nothing about it")
_HELP = "leave it out for this target, or choose another: `pipec targets --ledger` compares them"


def check_capabilities(pipeline: Pipeline, backend: Target) -> list[Diagnostic]:
    """One diagnostic for each feature that the target refuses or ignores, at the first place that asks for it."""
    found: list[Diagnostic] = []
    for feature, span in features_of(pipeline).items():
        capability = backend.ledger.get(feature, _UNSAID)
        match capability.support:
            case Support.REFUSED:
                message = f"{backend.title} cannot do this: {feature.value}"
                found.append(_diagnostic("PC0401", message, span, capability, Severity.ERROR, feature))
            case Support.IGNORED:
                message = f"this has no effect on {backend.title}: {feature.value}"
                found.append(_diagnostic("PC0402", message, span, capability, Severity.NOTE, feature))
            case Support.NATIVE | Support.EMULATED:
                pass
    return found


def _diagnostic(
    code: str, message: str, span: Span, capability: Capability, severity: Severity, feature: Feature
) -> Diagnostic:
    return Diagnostic(
        code,
        message,
        span,
        label=feature.value,
        notes=(capability.note,) if capability.note else (),
        help=capability.help or (_HELP if severity is Severity.ERROR else ""),
        severity=severity,
    )
