"""The changes that mend a fault: what a diagnostic says itself, the near names of its help, the rewriting of a removed API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.model import Edit, Fix
from pipec.compiler.source import SourceFile, Span

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic

_LEGACY = "PC0212"


def fixes(diagnostic: Diagnostic, source: SourceFile) -> list[Fix]:
    """The changes that are offered, the likeliest first.

    Args:
        diagnostic: a fault with a place in `source`.
        source: the text that the editor shows.
    """
    found = [] if diagnostic.fix is None else [diagnostic.fix]
    found += _near_names(diagnostic, source)
    if diagnostic.code == _LEGACY:
        found += _migrated(source)
    return found


def _near_names(diagnostic: Diagnostic, source: SourceFile) -> list[Fix]:
    """`did you mean …?`: each name in the place of the one that is wrong, where that stands at the place."""
    asked = re.search(r"did you mean (.*)\?", diagnostic.help)
    span = diagnostic.span
    if asked is None or span is None or span.start.line != span.end.line:
        return []
    start, end = source.offset(span.start), source.offset(span.end)
    here = source.text[start:end]
    wrong = [one for one in re.findall(r"`([^`]+)`", diagnostic.message) if one in here]
    if not wrong:
        return []
    offset = start + here.index(wrong[0])
    place = Span(span.path, source.position(offset), source.position(offset + len(wrong[0])))
    names = re.findall(r"`([^`]+)`", asked[1])
    return [Fix(f"Replace `{wrong[0]}` with `{name}`", (Edit(place, name),)) for name in names]


def _migrated(source: SourceFile) -> list[Fix]:
    from libcst import ParserSyntaxError

    from pipec.compiler.migrate import migrate, parameter_classes

    try:
        text = migrate(source.text, parameter_classes([source.text])).text
    except ParserSyntaxError:
        return []
    if text == source.text:
        return []
    whole = Span(source.path, source.position(0), source.position(len(source.text)))
    return [Fix("Rewrite what ZenML removed in this file", (Edit(whole, text),))]
