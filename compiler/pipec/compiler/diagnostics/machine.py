"""Diagnostics for machines: JSON, GitHub workflow commands, SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipec.compiler.diagnostics.codes import CODES
from pipec.compiler.diagnostics.model import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.diagnostics.model import Diagnostic
    from pipec.compiler.source import Span

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """One document: `{"version": 1, "diagnostics": […]}`. Lines and columns count from 1, ends are exclusive."""
    return json.dumps({"version": 1, "diagnostics": [as_json(one) for one in diagnostics]}, indent=2) + "\n"


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain data; what it lacks is null or empty."""
    return {
        "code": diagnostic.code,
        "slug": CODES[diagnostic.code].slug,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "span": None if diagnostic.span is None else _span(diagnostic.span),
        "label": diagnostic.label,
        "related": [{"span": _span(label.span), "text": label.text} for label in diagnostic.related],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "fix": None
        if diagnostic.fix is None
        else {
            "title": diagnostic.fix.title,
            "edits": [{"span": _span(edit.span), "replacement": edit.replacement} for edit in diagnostic.fix.edits],
        },
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "start": {"line": span.start.line, "column": span.start.column},
        "end": {"line": span.end.line, "column": span.end.column},
    }


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands that GitHub shows as annotations on the changed lines."""
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    lines: list[str] = []
    for one in diagnostics:
        properties = {"title": f"{one.code} {CODES[one.code].slug}"}
        if one.span is not None:
            end = max(one.span.end.column - 1, one.span.start.column)
            properties |= {"file": one.span.path, "line": str(one.span.start.line), "endLine": str(one.span.end.line)}
            if one.span.end.line == one.span.start.line:
                properties |= {"col": str(one.span.start.column), "endColumn": str(end)}
        text = "\n".join([one.message, *one.notes, *([f"help: {one.help}"] if one.help else [])])
        lines.append(command(words[one.severity], properties, text))
    return "".join(f"{line}\n" for line in lines)


def command(word: str, properties: Mapping[str, str], text: str) -> str:
    """A workflow command of GitHub's: `word` is `error`, `warning` or `notice`."""
    listed = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{word} {listed}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """A SARIF log with one run; rules are the codes that occur."""
    codes = sorted({one.code for one in diagnostics})
    rules = [
        {"id": code, "name": CODES[code].slug, "shortDescription": {"text": CODES[code].summary}} for code in codes
    ]
    results = [_result(one, codes.index(one.code)) for one in diagnostics]
    run = {"tool": {"driver": {"name": "pipec", "rules": rules}}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(one: Diagnostic, rule: int) -> dict[str, Any]:
    text = " ".join(
        [f"{one.message}.", *(f"{note}." for note in one.notes), *([f"Help: {one.help}."] if one.help else [])]
    )
    found: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": text},
    }
    if one.span is not None:
        found["locations"] = [{"physicalLocation": _location(one.span)}]
    if one.related:
        found["relatedLocations"] = [
            {"physicalLocation": _location(label.span), "message": {"text": label.text}} for label in one.related
        ]
    return found


def _location(span: Span) -> dict[str, Any]:
    region = {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }
    return {"artifactLocation": {"uri": quote(span.path), "uriBaseId": "SRCROOT"}, "region": region}
