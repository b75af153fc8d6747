"""`pipec migrate`: rewrites what ZenML removed, or shows how."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run(parsed: argparse.Namespace) -> int:
    """Prints the changes as a diff, or with `--write` makes them; 1 where a person has to do something, 2 without a file."""
    from libcst import ParserSyntaxError

    from pipec.compiler.migrate import migrate, parameter_classes

    texts: dict[str, str] = {}
    for name in parsed.files:
        try:
            texts[name] = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            print(f"pipec: `{name}` cannot be read: {error}", file=sys.stderr)
            return 2
    left = 0
    try:
        classes = parameter_classes(list(texts.values()))
        for name, text in texts.items():
            result = migrate(text, classes)
            if result.text != text:
                _show(name, text, result.text, is_written=parsed.write)
            for line, message in result.left:
                print(f"{name}:{line}: {message}", file=sys.stderr)
            left += len(result.left)
    except ParserSyntaxError as error:
        print(f"pipec: {error}", file=sys.stderr)
        return 1
    return 1 if left else 0


def _show(name: str, before: str, after: str, *, is_written: bool) -> None:
    if is_written:
        Path(name).write_text(after, encoding="utf-8")
        print(f"{name}: rewritten")
        return
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, name))
