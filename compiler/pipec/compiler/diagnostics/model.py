"""What the compiler says about a user's program: a value, made by a phase and rendered elsewhere.

What is wrong stands in the headline, why in a note, what to do in the help (the rustc guide's rule).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.source import Span


class Severity(StrEnum):
    """How grave a diagnostic is. Only errors stop a compilation."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first, with a few words."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of one stretch of text."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that certainly mends the fault: its title and its edits, which do not overlap."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault, or remark, at one place.

    Attributes:
        code: `PC` and four digits, a key of `codes.CODES`; the first two digits name the phase.
        message: the headline: one clause, lower-case start, no full stop, names in backticks.
        span: the smallest stretch that is wrong; None where no file is to blame (a missing argument, say).
        label: a few words printed under the caret; empty if the headline says it all.
        related: other places that explain this one.
        notes: why it is so, a sentence each.
        help: what to do about it; empty if there is nothing to advise.
        fix: the edit that mends it, where that is certain.
        severity: by default the one that `codes.CODES` gives to `code`.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    related: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fix: Fix | None = None
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether this stops the compilation."""
        return self.severity is Severity.ERROR


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them stops the compilation."""
    return any(diagnostic.is_error for diagnostic in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Them sorted by place, then code, each once: the order in which they are shown."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.span is not None, d.span and (d.span.path, d.span.start), d.code, d.message))
