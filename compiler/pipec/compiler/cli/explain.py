"""`pipec explain`: the page of a diagnostic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.codes import CODES
from pipec.compiler.diagnostics.near import near_names

if TYPE_CHECKING:
    import argparse

PAGES = Path(__file__).parent.parent / "diagnostics" / "explain"


def run(parsed: argparse.Namespace) -> int:
    """Prints the page of a code or slug, or the list of all; 2 if there is none."""
    if parsed.code is None:
        for code, entry in CODES.items():
            print(f"{code}  {entry.slug:<28} {entry.summary}")
        return 0
    found = next((one for one, entry in CODES.items() if parsed.code.upper() == one or parsed.code == entry.slug), None)
    if found is None:
        near = near_names(parsed.code.upper(), CODES)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `pipec explain` lists them"
        print(f"pipec: there is no diagnostic `{parsed.code}`{hint}", file=sys.stderr)
        return 2
    sys.stdout.write((PAGES / f"{found}.md").read_text(encoding="utf-8"))
    return 0
