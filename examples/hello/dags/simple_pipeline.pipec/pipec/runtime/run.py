"""The adapter that takes a whole invocation document: `python -I CODE_ROOT run DOCUMENT.json` (`-`: standard input)."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Sequence

from pipec.runtime.execute import execute


def main(arguments: Sequence[str]) -> int:
    """Run the step; the exit status is that of `execute`."""
    if len(arguments) != 1:
        print("pipec: usage: run DOCUMENT.json", file=sys.stderr)
        return 2
    (place,) = arguments
    try:
        text = sys.stdin.buffer.read() if place == "-" else pathlib.Path(place).read_bytes()
        document = json.loads(text)
    except (OSError, ValueError) as problem:
        print(f"pipec: the invocation cannot be read: {problem}", file=sys.stderr)
        return 2
    return execute(document)
