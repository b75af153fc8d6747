"""File operations on paths and URLs (`zenml.io.fileio`); a URL needs fsspec, a path the standard library alone."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator
from typing import Any, TypeAlias

StrPath: TypeAlias = str | os.PathLike[str]


def _remote(path: StrPath) -> Any:
    """The fsspec file system of a URL, None for a path."""
    text = os.fspath(path)
    if "://" not in text:
        return None
    import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return fsspec.core.url_to_fs(text)[0]  # pyright: ignore


def open(path: StrPath, mode: str = "r") -> Any:
    """Open a file."""
    remote = _remote(path)
    if remote is None:
        return builtins.open(path, mode, encoding=None if "b" in mode else "utf-8")
    return remote.open(os.fspath(path), mode)


def exists(path: StrPath) -> bool:
    """Whether there is a file or a folder."""
    remote = _remote(path)
    return bool(os.path.exists(path) if remote is None else remote.exists(os.fspath(path)))


def isdir(path: StrPath) -> bool:
    """Whether there is a folder."""
    remote = _remote(path)
    return bool(os.path.isdir(path) if remote is None else remote.isdir(os.fspath(path)))


def makedirs(path: StrPath) -> None:
    """Make a folder and its parents; one that is there is no error."""
    remote = _remote(path)
    if remote is None:
        os.makedirs(path, exist_ok=True)
    else:
        remote.makedirs(os.fspath(path), exist_ok=True)


def mkdir(path: StrPath) -> None:
    """Make a folder."""
    remote = _remote(path)
    if remote is None:
        os.mkdir(path)
    else:
        remote.mkdir(os.fspath(path), create_parents=False)


def listdir(path: StrPath, only_file_names: bool = True) -> list[str]:
    """What is in a folder: names, or paths."""
    remote = _remote(path)
    listed = list[str](os.listdir(path) if remote is None else remote.ls(os.fspath(path), detail=False))
    names = [name.rstrip("/").rsplit("/", 1)[-1] for name in listed]
    return names if only_file_names else [f"{os.fspath(path).rstrip('/')}/{name}" for name in names]


def glob(pattern: StrPath) -> list[str]:
    """Paths that match a pattern."""
    remote = _remote(pattern)
    if remote is None:
        import glob as local

        return local.glob(os.fspath(pattern))
    return [str(remote.unstrip_protocol(each)) for each in remote.glob(os.fspath(pattern))]


def remove(path: StrPath) -> None:
    """Remove a file."""
    remote = _remote(path)
    if remote is None:
        os.remove(path)
    else:
        remote.rm_file(os.fspath(path))


def rmtree(path: StrPath) -> None:
    """Remove a folder and all below it."""
    remote = _remote(path)
    if remote is None:
        import shutil

        shutil.rmtree(path)
    else:
        remote.rm(os.fspath(path), recursive=True)


def copy(source: StrPath, target: StrPath, overwrite: bool = False) -> None:
    """Copy a file.

    Raises:
        FileExistsError: when the target is there, unless `overwrite`.
    """
    if exists(target) and not overwrite:
        raise FileExistsError(os.fspath(target))
    import shutil

    with open(source, "rb") as read, open(target, "wb") as write:
        shutil.copyfileobj(read, write)


def rename(source: StrPath, target: StrPath, overwrite: bool = False) -> None:
    """Move a file or a folder; raises what `copy` raises."""
    if exists(target) and not overwrite:
        raise FileExistsError(os.fspath(target))
    remote = _remote(source)
    if remote is None:
        os.replace(source, target)
    else:
        remote.mv(os.fspath(source), os.fspath(target), recursive=True)


def size(path: StrPath) -> int | None:
    """Bytes of a file; None where it is not there."""
    remote = _remote(path)
    if not exists(path):
        return None
    return int(os.path.getsize(path) if remote is None else remote.size(os.fspath(path)))


def walk(top: StrPath, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Folder, its folders and its files, for every folder below `top`."""
    remote = _remote(top)
    return os.walk(top, topdown) if remote is None else remote.walk(os.fspath(top))
