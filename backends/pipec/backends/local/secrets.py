"""Secrets from dotenv files: `NAME=value` lines, `export` and quotes allowed, `#` starts a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ANY = "*"
"""The name of the secret whose variables every secret has."""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}


class InvalidSecrets(ValueError):
    """A file cannot be read; its text is never in the message."""


def read_all(words: Sequence[str], folder: Path) -> dict[str, dict[str, str]]:
    """The variables of each secret.

    Args:
        words: `FILE`, whose variables belong to every secret, or `NAME=FILE`. Without any, `.env` in `folder`.
        folder: the project root.

    Raises:
        InvalidSecrets: names file and line.
    """
    if not words and (folder / ".env").is_file():
        return {ANY: read(folder / ".env")}
    found: dict[str, dict[str, str]] = {}
    for word in words:
        name, equals, file = word.partition("=")
        where = folder.__class__(file if equals else word)
        found.setdefault(name if equals else ANY, {}).update(read(where))
    return found


def read(file: Path) -> dict[str, str]:
    """The variables of a file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise InvalidSecrets(f"`{file}` cannot be read: {reason}") from None
    return parse(text, str(file))


def parse(text: str, file: str) -> dict[str, str]:
    r"""The variables in a text.

    >>> parse('# keys\nexport A="x\\ny" # why\nB=b # c\nC=\n', "f")
    {'A': 'x\ny', 'B': 'b', 'C': ''}
    """
    found: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        content = line.strip().removeprefix("export ").strip()
        if not content or content.startswith("#"):
            continue
        name, equals, value = content.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name.isidentifier():
            raise InvalidSecrets(f"`{file}`, line {number}: not `NAME=value`")
        quote = value[:1]
        if quote not in ("'", '"') or not quote:
            found[name] = value.partition(" #")[0].rstrip()
            continue
        while (end := _end_of(value, quote)) is None:
            following = next(lines, None)
            if following is None:
                raise InvalidSecrets(f"`{file}`, line {number}: the quote of `{name}` is not closed")
            value += "\n" + following[1]
        inside = value[1:end]
        found[name] = inside if quote == "'" else _unescaped(inside)
    return found


def _end_of(value: str, quote: str) -> int | None:
    at = 1
    while at < len(value):
        if value[at] == "\\" and quote == '"':
            at += 1
        elif value[at] == quote:
            return at
        at += 1
    return None


def _unescaped(text: str) -> str:
    parts: list[str] = []
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            following = next(letters, "\\")
            parts.append(_ESCAPES.get(following, f"\\{following}"))
        else:
            parts.append(letter)
    return "".join(parts)
