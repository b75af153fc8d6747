"""Places: a local path or an fsspec URL; and how a small local file is written at once."""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
from typing import Any


def is_url(place: str) -> bool:
    """Whether a place is an fsspec URL, not a local path."""
    return "://" in place and not place.startswith("file://")


def local_path(place: str) -> pathlib.Path:
    """The path of a place that is no URL."""
    return pathlib.Path(place.removeprefix("file://"))


def exists(place: str) -> bool:
    """Whether any file or folder lies at a place."""
    if not is_url(place):
        return local_path(place).exists()
    system, root = remote(place)
    return bool(system.exists(root))


def remote(place: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path on it; ImportError where fsspec is not installed."""
    try:
        url_to_fs = importlib.import_module("fsspec.core").url_to_fs
    except ImportError as problem:
        raise ImportError(f"{place} needs the package `fsspec`, which is not installed") from problem
    system, root = url_to_fs(place)
    return system, str(root).rstrip("/")


def put_file(target: str | os.PathLike[str], content: bytes, *, is_durable: bool = False) -> None:
    """Write a local file at once, in a folder that is made where there is none.

    Raises:
        OSError: where it cannot be written; what was there before stays.
    """
    path = os.fspath(target)
    try:
        staged = stage(path, content, is_durable=is_durable)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        staged = stage(path, content, is_durable=is_durable)
    try:
        os.replace(staged, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        raise
    if is_durable:
        sync_folder(os.path.dirname(path))


def stage(path: str, content: bytes, *, is_durable: bool) -> str:
    """A file beside the one at `path`, that is to take its place, with its content."""
    folder, name = os.path.split(path)
    # The name alone could be too long with what is added to it.
    staged = os.path.join(folder, f".{name[:64]}.{os.urandom(6).hex()}")
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if is_durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        os.chmod(staged, 0o644)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        raise
    return staged


def make_folder(parent: str | os.PathLike[str], prefix: str) -> str:
    """A new empty folder; `tempfile` would do the same with fifty times as much code."""
    folder = os.path.join(parent, f"{prefix}{os.urandom(6).hex()}")
    os.mkdir(folder, 0o700)
    return folder


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make what was renamed into a folder outlive a power cut."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
