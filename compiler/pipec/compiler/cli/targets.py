"""`pipec targets`: which targets there are, and with `--ledger` what each does with each feature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.features import Feature
from pipec.compiler.registry import EXECUTOR, IR_TARGET, find_backend, find_executor, names

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.backend import Ledger


def run(parsed: argparse.Namespace) -> int:
    """Prints the list."""
    described = [_describe(name) for name in names()]
    if parsed.format == "json":
        print(json.dumps({"version": 1, "targets": described}, indent=2))
        return 0
    for one in described:
        folder = f"{one['directory']}/" if one["directory"] else ""
        print(f"{one['name']:<10} {one['title']:<40} {folder}".rstrip())
        for option in one["options"]:
            default = "" if option["default"] is None else f" (default: {option['default']})"
            choices = f" [{', '.join(option['choices'])}]" if option["choices"] else ""
            print(f"    -O {option['name']}{choices}  {option['help']}{default}")
        if parsed.ledger:
            for row in one["ledger"]:
                print(f"    {row['support']:<9} {row['feature']}{': ' + row['note'] if row['note'] else ''}")
    return 0


def _describe(name: str) -> dict[str, Any]:
    if name == IR_TARGET:
        title = "the intermediate representation, as JSON"
        return {"name": name, "title": title, "directory": "ir", "options": [], "ledger": []}
    if name == EXECUTOR:
        executor = find_executor()
        ledger = _rows(executor.ledger)
        return {"name": name, "title": executor.title, "directory": "", "options": [], "ledger": ledger}
    backend = find_backend(name)
    if isinstance(backend, Diagnostic):
        return {"name": name, "title": backend.message, "directory": "", "options": [], "ledger": []}
    return {
        "name": backend.name,
        "title": backend.title,
        "directory": backend.directory,
        "options": [
            {"name": one.name, "help": one.help, "default": one.default, "choices": list(one.choices)}
            for one in backend.options
        ],
        "ledger": _rows(backend.ledger),
    }


def _rows(ledger: Ledger) -> list[dict[str, str]]:
    return [
        {"feature": feature.value, "support": ledger[feature].support.value, "note": ledger[feature].note}
        for feature in Feature
        if feature in ledger
    ]
