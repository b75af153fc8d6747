"""A build context as a tar archive: the same files give the same bytes on every machine.

Folders are in it as well: one that the builder had to make would have the time of the build, and so would the layer.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from pipec.compiler.images.model import ContextFile

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER_MODE = 0o755


def pack(files: Iterable[ContextFile], into: IO[bytes]) -> None:
    """Writes the archive of `files`: sorted, owner 0, time 0."""
    by_path = {file.path: file for file in files}
    folders = {parent.as_posix() for path in by_path for parent in PurePosixPath(path).parents} - {"."}
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for path in sorted({*by_path, *folders}):
            entry = tarfile.TarInfo(path)
            file = by_path.get(path)
            if file is None:
                entry.type, entry.mode = tarfile.DIRTYPE, FOLDER_MODE
                archive.addfile(entry)
            else:
                entry.size, entry.mode = len(file.data), file.mode
                archive.addfile(entry, io.BytesIO(file.data))


def with_dockerfile(dockerfile: str, files: Iterable[ContextFile]) -> list[ContextFile]:
    """The files of a context with its Dockerfile, which takes the place of another one of that name."""
    own = ContextFile("Dockerfile", dockerfile.encode("utf-8", "surrogateescape"))
    return [own, *(file for file in files if file.path != own.path)]
