"""The files of a build context: what lies below a folder, but for what a `.dockerignore` names.

The rules are Docker's: one pattern a line, the last one that fits decides, `!` takes back, `**` stands for any folders. Caches
of Python, version control and virtual environments never travel: they differ between machines.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.images.model import ContextFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NEVER = frozenset({".git", ".hg", "__pycache__", ".pipec", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"})

Rules = tuple[tuple[str, bool], ...]
"""Patterns as regular expressions, and whether each takes back."""

LIMIT = 512 * 1024 * 1024
"""Bytes of a context: more is read by nobody in the time that a compilation takes."""


class TooLarge(ValueError):
    """The context has more than `LIMIT` bytes."""


class LeavesContext(ValueError):
    """A symbolic link leads out of the context."""


def context_files(root: Path, rules: Rules) -> tuple[ContextFile, ...]:
    """The files below `root`, sorted by path.

    Raises:
        TooLarge: there are more than `LIMIT` bytes.
        LeavesContext: a link leads out of `root`.
        OSError: one cannot be read.
    """
    found: list[ContextFile] = []
    size = 0
    for path, name in _walk(root, rules):
        if not path.resolve().is_relative_to(root.resolve()):
            raise LeavesContext(name)
        state = path.stat()
        size += state.st_size
        if size > LIMIT:
            raise TooLarge(name)
        found.append(ContextFile(name, path.read_bytes(), bool(state.st_mode & 0o100)))
    return tuple(sorted(found, key=lambda one: one.path))


def _walk(root: Path, rules: Rules) -> Iterator[tuple[Path, str]]:
    takes_back = any(back for _, back in rules)
    for folder, folders, names in os.walk(root):
        base = Path(folder)
        above = base.relative_to(root).as_posix()
        prefix = "" if above == "." else f"{above}/"
        folders[:] = sorted(
            one
            for one in folders
            if one not in _NEVER
            and not (base / one / "pyvenv.cfg").exists()
            and (takes_back or not is_ignored(f"{prefix}{one}", rules))
        )
        for name in sorted(names):
            if name not in _NEVER and not is_ignored(f"{prefix}{name}", rules) and (base / name).is_file():
                yield base / name, f"{prefix}{name}"


def read_rules(text: str) -> Rules:
    """The rules of a `.dockerignore`."""
    found: list[tuple[str, bool]] = []
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        back = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip().strip("/")
        parts = [part for part in pattern.split("/") if part not in {"", "."}]
        if parts:
            found.append((_expression(parts), back))
    return tuple(found)


def _expression(parts: Sequence[str]) -> str:
    """A pattern as a regular expression over a path, which also fits everything below what it names."""
    text = ""
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part == "**":
            text += ".*" if is_last else "(?:.*/)?"
            continue
        text += _part(part) + ("" if is_last else "/")
    return f"(?:{text})(?:/.*)?"


def _part(part: str) -> str:
    found, at = "", 0
    while at < len(part):
        character = part[at]
        end = part.find("]", at + 2)
        if character == "[" and end > 0:
            inner = part[at + 1 : end]
            found += f"[{'^' if inner[0] in '^!' else ''}{re.escape(inner.lstrip('^!')).replace(chr(92) + '-', '-')}]"
            at = end
        elif character == "\\" and at + 1 < len(part):
            at += 1
            found += re.escape(part[at])
        elif part.startswith("**", at):
            found, at = f"{found}.*", at + 1
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)
        at += 1
    return found


def is_ignored(path: str, rules: Rules) -> bool:
    """Whether the rules leave a path out.

    >>> rules = read_rules("*.csv" + chr(10) + "!keep.csv" + chr(10) + "**/tmp")
    >>> [is_ignored(one, rules) for one in ("a.csv", "keep.csv", "data/a.csv", "x/y/tmp/z")]
    [True, False, False, True]
    """
    for expression, back in reversed(rules):
        if _compiled(expression).fullmatch(path):
            return not back
    return False


@lru_cache(maxsize=512)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)
