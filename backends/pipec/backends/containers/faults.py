"""What goes wrong while images are built: one exception that carries what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from pipec.compiler.source import SourceFile

FULL = "no space left on device"
"""How engines and registries say that a disk is full."""

_UNREACHABLE = (
    "connection refused", "no such host", "dial tcp", "i/o timeout", "connection reset", "server gave http response",
    "tls handshake", "certificate", "network is unreachable", "eof", "timeout exceeded", "context deadline",
)  # fmt: skip


class BuildFailed(Exception):
    """An image cannot be built or pushed, or does not work; `sources` are the files that the diagnostic points into."""

    def __init__(self, diagnostic: Diagnostic, sources: Mapping[str, SourceFile] | None = None) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.sources = sources or {}


class Interrupted(BaseException):
    """The user pressed Ctrl-C in another thread."""


def disk_full(image: str, where: str) -> Diagnostic:
    """The disk of the engine, the registry or this machine is full."""
    help_ = "`docker system prune` removes what no image or container uses"
    return Diagnostic("PC0620", f"{where} has no space left for `{image}`", help=help_)


def is_full(text: str) -> bool:
    """Whether an engine's message says that a disk is full."""
    return FULL in text.lower() or "disk quota exceeded" in text.lower()


def is_unreachable(text: str) -> bool:
    """Whether an engine's message says that it could not speak to a registry."""
    lower = text.lower()
    return any(words in lower for words in _UNREACHABLE)


def one_line(text: str) -> str:
    """The last line of a message that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else text.strip()
