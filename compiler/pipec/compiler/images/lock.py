"""`pipec.lock`: which digest the registry gave to the image of a content tag, and to a base image.

It is committed. Every entry is one line of its own and the lines are sorted, so that two branches that build different
images merge without a conflict:

    version = 1

    [base]
    "python:3.12-slim" = "sha256:…"

    [images."registry.example/team/churn"]
    "3f9a0c11d2e4b5a6" = "sha256:…"

`pipec build` writes it; `compile` only reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field, replace
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from pathlib import Path

NAME = "pipec.lock"
"""The file's name, in the root of the project."""

VERSION = 1

_HEAD = (
    "# Written by `pipec build`: the digests of pushed images by their content tags, and of the images that they are built on.",
    "# Commit this file. After a merge conflict, keep the lines of both sides.",
)
_DIGEST = pattern(r"sha256:[0-9a-f]{64}")
_PLACE = pattern(r"at line (\d+), column (\d+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """What is known of images in registries.

    Attributes:
        base: digest by the reference of a base image as the program writes it (`python:3.12-slim`).
        images: by repository with its registry, digest by content tag.
    """

    base: Mapping[str, str] = field(default_factory=dict[str, str])
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest of the image with a content tag; None where nobody has pushed it."""
        return self.images.get(repository, {}).get(tag)

    def with_base(self, reference: str, digest: str) -> Lock:
        """The lock with the digest of a base image."""
        return replace(self, base={**self.base, reference: digest})

    def with_image(self, repository: str, tag: str, digest: str) -> Lock:
        """The lock with the digest of a pushed image."""
        known = {**self.images.get(repository, {}), tag: digest}
        return replace(self, images={**self.images, repository: known})


def read_lock(root: Path) -> tuple[Lock, list[Diagnostic]]:
    """The lock of the project in `root`, empty where there is none; what is wrong in it is an error (PC0614)."""
    file = root / NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Lock(), []
    except (OSError, UnicodeDecodeError) as error:
        return Lock(), [_fault(f"`{NAME}` cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}", 1)]
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        return Lock(), [_fault(f"`{NAME}` is not valid TOML", int(found[1]) if found else 1)]
    version = data.get("version")
    if version != VERSION:
        help_ = "take the pipec that the project is built with" if isinstance(version, int) else ""
        return Lock(), [_fault(f"`{NAME}` has version {version}, and this pipec reads version {VERSION}", 1, help_)]
    base, images = data.get("base", {}), data.get("images", {})
    faults = [*_faults(base, text), *(fault for one in _tables(images) for fault in _faults(one, text))]
    if not isinstance(base, dict) or not isinstance(images, dict) or len(list(_tables(images))) != len(images):
        faults.append(_fault(f"`{NAME}` holds tables of digests, and nothing else", 1))
    return (Lock(), faults) if faults else (Lock(base, images), [])


def _tables(images: Any) -> list[dict[str, Any]]:
    return [one for one in images.values() if isinstance(one, dict)] if isinstance(images, dict) else []


def _faults(table: Any, text: str) -> list[Diagnostic]:
    """A fault for each entry that is no digest: half of a conflict, or edited by hand."""
    if not isinstance(table, dict):
        return []
    lines = text.splitlines()
    found: list[Diagnostic] = []
    for name, digest in table.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            line = next((number for number, one in enumerate(lines, 1) if one.startswith(f'"{name}"')), 1)
            found.append(
                _fault(f"`{name}` in `{NAME}` has no digest of the form `sha256:` and 64 hexadecimal digits", line)
            )
    return found


def _fault(message: str, line: int, help_: str = "") -> Diagnostic:
    help_ = help_ or "take the committed file, or remove it and run `pipec build --push`"
    return Diagnostic("PC0614", message, Span(NAME, Position(line, 1), Position(line, 1)), help=help_)


def write_lock(lock: Lock) -> str:
    """The text of the lock: the same entries give the same bytes."""
    lines = [*_HEAD, f"version = {VERSION}"]
    for title, table in [
        ("base", lock.base),
        *((f"images.{_quoted(name)}", lock.images[name]) for name in sorted(lock.images)),
    ]:
        if table:
            lines += ["", f"[{title}]", *(f"{_quoted(key)} = {_quoted(table[key])}" for key in sorted(table))]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
