"""Bytes, texts with a meaning, and paths."""

from __future__ import annotations

import pathlib
import shutil
from typing import TYPE_CHECKING, Any

from pipec.runtime.artifacts import Workspace
from pipec.runtime.codec import NotCanonical, resolve
from pipec.runtime.imports import own

if TYPE_CHECKING:
    from tarfile import TarInfo

_EXTENSIONS = {"HTMLString": ".html", "MarkdownString": ".md", "CSVString": ".csv", "JSONString": ".json"}


class RawBytes:
    """`bytes` and `bytearray` as they are."""

    name = "bytes"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write one file; its name says which of the two types it was."""
        (folder / f"data.{type(value).__name__}").write_bytes(value)

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read it."""
        mutable = folder / "data.bytearray"
        return bytearray(mutable.read_bytes()) if mutable.exists() else (folder / "data.bytes").read_bytes()


def is_text(value: object) -> bool:
    """Whether it is one of the string types of `pipec.sdk.values` that are shown to people."""
    return (
        isinstance(value, str) and type(value).__module__ == "pipec.sdk.values" and type(value).__name__ in _EXTENSIONS
    )


class Text:
    """The string types of `pipec.sdk.values`."""

    name = "text"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write UTF-8, newlines untouched."""
        class_ = type(value).__name__
        (folder / f"{class_}{_EXTENSIONS[class_]}").write_bytes(value.encode("utf-8", "surrogatepass"))

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read it as the type that it was."""
        for class_, extension in _EXTENSIONS.items():
            path = folder / f"{class_}{extension}"
            if path.exists():
                return resolve(f"pipec.sdk.values:{class_}")(path.read_bytes().decode("utf-8", "surrogatepass"))
        raise ValueError("no text in the artifact")


class PathContent:
    """What lies at a path: the file or folder travels, not its name alone."""

    name = "path"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Copy the file, or pack the folder."""
        if value.is_file():
            (folder / "file").mkdir()
            shutil.copyfile(value, folder / "file" / value.name)
        elif value.is_dir():
            tarfile = own("tarfile")
            with tarfile.open(folder / "folder.tar", "w", format=tarfile.PAX_FORMAT) as archive:
                archive.add(value, arcname=value.resolve().name or "folder", filter=_without_owner)
        elif value.exists():
            raise NotCanonical("a path that is neither a file nor a folder")
        else:
            (folder / "path.txt").write_bytes(str(value).encode("utf-8", "surrogateescape"))

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """A path to a copy under the original name; it lives as long as the step."""
        if (folder / "path.txt").exists():
            return pathlib.Path((folder / "path.txt").read_bytes().decode("utf-8", "surrogateescape"))
        target = workspace.folder()
        if (folder / "folder.tar").exists():
            with own("tarfile").open(folder / "folder.tar") as archive:
                archive.extractall(target, filter="data")
        else:
            (original,) = (folder / "file").iterdir()
            shutil.copyfile(original, target / original.name)
        (content,) = target.iterdir()
        return content


def _without_owner(member: TarInfo) -> TarInfo:
    # The same content, the same digest: who wrote it and when is not part of the value.
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
