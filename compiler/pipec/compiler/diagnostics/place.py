"""Moves diagnostics from the project's paths, which generated files may hold, to paths that the reader can open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.diagnostics.model import Diagnostic
    from pipec.compiler.source import Span


def moved(diagnostic: Diagnostic, path_of: Callable[[str], str]) -> Diagnostic:
    """`diagnostic` with every span's path replaced by what `path_of` makes of it."""

    def move(span: Span) -> Span:
        return replace(span, path=path_of(span.path))

    fix = diagnostic.fix
    return replace(
        diagnostic,
        span=None if diagnostic.span is None else move(diagnostic.span),
        related=tuple(replace(one, span=move(one.span)) for one in diagnostic.related),
        fix=None if fix is None else replace(fix, edits=tuple(replace(one, span=move(one.span)) for one in fix.edits)),
    )
