"""Notes digests in `pipec.lock`: one image at a time, each time the whole file at once, whoever else writes it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.containers.faults import BuildFailed
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.images.lock import NAME, read_lock, write_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pipec.compiler.images.lock import Lock


def note(root: Path, change: Callable[[Lock], Lock]) -> None:
    """Reads the lock of the project in `root`, changes it and puts it in its place.

    Raises:
        BuildFailed: it cannot be read any more, or not be written; then it is as it was.
    """
    with _exclusive(root):
        before, faults = read_lock(root)
        if faults:
            raise BuildFailed(faults[0])
        after = change(before)
        if after == before and (root / NAME).exists():
            return
        try:
            _replace(root / NAME, write_lock(after))
        except OSError as problem:
            message = f"`{NAME}` cannot be written: {problem.strerror or problem}"
            help_ = "nothing was noted: run the command again, which finds what it has pushed in the registry"
            raise BuildFailed(Diagnostic("PC0102", message, help=help_)) from None


def _replace(file: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(name).chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _exclusive(root: Path) -> Generator[None]:
    """Nobody else writes the lock meanwhile, in this process or another. Where the platform has no advisory locks, nobody waits."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
