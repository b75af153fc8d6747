"""Small documents of the store: each written by one atomic put, new ones by exclusive creation.

A reader finds the old content or the new, never a part. Nothing here locks: writers that must not overwrite one another
create files whose names only one of them can have.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import Any, Protocol

from pipec.runtime.places import is_url, local_path, put_file, remote, stage, sync_folder


class Files(Protocol):
    """The documents below a root; paths are relative, with forward slashes."""

    def read(self, path: str) -> bytes:
        """The content; FileNotFoundError where there is none."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        ...

    def put(self, path: str, content: bytes, *, is_durable: bool = False) -> None:
        """Replace or make a file at once. `is_durable`: it outlives a power cut, at the price of some milliseconds."""
        ...

    def create(self, path: str, content: bytes) -> bool:
        """Make a file, durable; False where it exists. Of several that try at once, one succeeds."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of what lies in a folder, sorted; empty where there is no folder."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file; none is no error."""
        ...


def open_root(root: str) -> Files:
    """The files below a folder or an fsspec URL. Nothing is made yet."""
    return _Remote(root) if is_url(root) else _Local(local_path(root))


class _Local:
    def __init__(self, root: pathlib.Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def exists(self, path: str) -> bool:
        return os.path.exists(os.path.join(self._root, path))

    def put(self, path: str, content: bytes, *, is_durable: bool = False) -> None:
        put_file(os.path.join(self._root, path), content, is_durable=is_durable)

    def create(self, path: str, content: bytes) -> bool:
        target = os.path.join(self._root, path)
        if os.path.exists(target):
            return False
        os.makedirs(os.path.dirname(target), exist_ok=True)
        staged = stage(target, content, is_durable=True)
        try:
            # Unlike a rename, a link does not replace; unlike O_EXCL, it makes the file with all of its content.
            os.link(staged, target)
        except FileExistsError:
            return False
        except OSError:
            return self._create_exclusively(target, content)
        finally:
            os.unlink(staged)
        sync_folder(os.path.dirname(target))
        return True

    @staticmethod
    def _create_exclusively(target: str, content: bytes) -> bool:
        """For file systems without hard links: a reader may find the file empty for a moment."""
        try:
            with open(target, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        try:
            # A leading dot is a file that is being written.
            return sorted(name for name in os.listdir(self._root / folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)


class _Remote:
    """Object stores put whole objects; where they know conditional puts, fsspec's mode `create` is one."""

    def __init__(self, root: str) -> None:
        self._system, self._root = remote(root)

    def read(self, path: str) -> bytes:
        content: bytes = self._system.cat_file(f"{self._root}/{path}")
        return content

    def exists(self, path: str) -> bool:
        return bool(self._system.exists(f"{self._root}/{path}"))

    def put(self, path: str, content: bytes, *, is_durable: bool = False) -> None:
        self._make_folder(path)
        self._system.pipe_file(f"{self._root}/{path}", content)

    def create(self, path: str, content: bytes) -> bool:
        self._make_folder(path)
        if self._system.exists(f"{self._root}/{path}"):
            return False
        try:
            self._system.pipe_file(f"{self._root}/{path}", content, mode="create")
        except FileExistsError:
            return False
        return True

    def _make_folder(self, path: str) -> None:
        self._system.makedirs(f"{self._root}/{path}".rpartition("/")[0], exist_ok=True)

    def names(self, folder: str) -> list[str]:
        self._system.invalidate_cache()
        try:
            listed: list[Any] = self._system.ls(f"{self._root}/{folder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = {str(each).rstrip("/").rpartition("/")[2] for each in listed}
        return sorted(name for name in names if name and not name.startswith("."))

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(f"{self._root}/{path}")
