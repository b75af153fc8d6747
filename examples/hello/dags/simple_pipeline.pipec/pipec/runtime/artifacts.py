"""Artifacts: a value as a folder of files with a manifest, locally or at any fsspec URL.

    manifest.json   {"version": 1, "materializer": "json", "type": "builtins:dict", "digest": "sha256:…", "size": 17,
                     "files": {"data.json": "sha256:…"}, "metadata": {}, "tags": []}
    data.json       whatever the materializer wrote

The manifest is written last and a local folder appears by one rename: a folder with a manifest is whole. The digest
covers names and contents of all files, and is verified before any of them is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipec.runtime import codec
from pipec.runtime.errors import InputFault
from pipec.runtime.imports import own
from pipec.runtime.places import exists, is_url, local_path, make_folder, remote

MANIFEST = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact is.

    Attributes:
        materializer: what wrote it and reads it: a name of `pipec.runtime.materializers` or `module:Class`.
        type: `module:Class` of the value.
        digest: of all files, `sha256:` and hexadecimal digits.
        size: bytes of all files.
        files: digest of each file, by its path with forward slashes.
        metadata: what the materializer says and the step recorded of this output, canonical JSON.
        tags: tags of this output.
        visualizations: files that are drawings of the value, with their kinds (`html`, `image`, `csv`, `markdown`, `json`).
    """

    materializer: str
    type: str
    digest: str
    size: int
    files: Mapping[str, str]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    visualizations: Mapping[str, str] = field(default_factory=dict)


class Workspace:
    """A temporary folder of one step, made when it is first needed and removed when the step ends."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._root: str = ""
        self._near: list[str] = []

    def folder(self, near: str | None = None) -> pathlib.Path:
        """A new empty folder, hidden beside a local place if one is given: from there a move copies nothing."""
        if near is not None and not is_url(near):
            target = local_path(near)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._near.append(make_folder(target.parent, f".{target.name[:64]}."))
            return pathlib.Path(self._near[-1])
        if not self._root:
            self._root = own("tempfile").mkdtemp(prefix="pipec-")
        return pathlib.Path(make_folder(self._root, ""))

    def close(self) -> None:
        """Remove everything."""
        for near in self._near:
            shutil.rmtree(near, ignore_errors=True)
        self._near.clear()
        if self._root:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = ""


def describe(
    folder: pathlib.Path, materializer: str, type_: str, metadata: Any = None, tags: Any = (), drawn: Any = None
) -> Manifest:
    """The manifest of the files that lie in a folder."""
    files: dict[str, str] = {}
    size = 0
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        files[path.relative_to(folder).as_posix()] = _file_digest(path)
        size += path.stat().st_size
    return Manifest(materializer, type_, _digest(files), size, files, metadata or {}, tuple(tags), drawn or {})


def publish(folder: pathlib.Path, manifest: Manifest, place: str) -> None:
    """Put the files of a folder, with their manifest, at a place. What was there before is replaced.

    The folder itself may be moved. Raises OSError where it cannot be written.
    """
    text = _text(manifest)
    if is_url(place):
        _upload(folder, manifest, text, place)
        return
    target = local_path(place)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A sibling, so that the rename stays within one file system.
    is_near = folder.parent == target.parent and folder.name.startswith(".")
    staged = folder if is_near else pathlib.Path(make_folder(target.parent, f".{target.name[:64]}."))
    try:
        if not is_near:
            _move(folder, manifest, staged)
        (staged / MANIFEST).write_text(text, encoding="utf-8")
        os.chmod(staged, 0o755)
        _replace(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _text(manifest: Manifest) -> str:
    content: dict[str, Any] = {name: getattr(manifest, name) for name in Manifest.__slots__}
    if not manifest.visualizations:
        del content["visualizations"]
    return codec.document({"version": VERSION, **content})


def amend(manifest: Manifest, place: str) -> None:
    """Replace the manifest of a stored artifact by one with other metadata and tags."""
    if is_url(place):
        system, root = remote(place)
        system.pipe_file(f"{root}/{MANIFEST}", _text(manifest).encode())
        return
    staged = local_path(place) / f".{MANIFEST}"
    staged.write_text(_text(manifest), encoding="utf-8")
    os.replace(staged, local_path(place) / MANIFEST)


def _move(folder: pathlib.Path, manifest: Manifest, target: pathlib.Path) -> None:
    for name in manifest.files:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / name, target / name)


def _replace(staged: pathlib.Path, target: pathlib.Path) -> None:
    """Rename over what an earlier attempt, or an engine that makes empty folders, left there."""
    if target.is_dir() and any(target.iterdir()):
        aside = pathlib.Path(make_folder(target.parent, f".{target.name[:64]}."))
        try:
            os.replace(target, aside)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    elif target.exists() and not target.is_dir():
        target.unlink()
    try:
        os.replace(staged, target)
    except OSError:
        # A mount point cannot be renamed over; there the manifest, written last, says that the artifact is whole.
        if not target.is_dir():
            raise
        manifest = staged / MANIFEST
        for path in [*(each for each in staged.iterdir() if each != manifest), manifest]:
            shutil.move(path, target / path.name)


def _upload(folder: pathlib.Path, manifest: Manifest, text: str, place: str) -> None:
    system, root = remote(place)
    for name in manifest.files:
        system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
        system.put_file(str(folder / name), f"{root}/{name}")
    system.pipe_file(f"{root}/{MANIFEST}", text.encode())


def fetch(
    place: str, workspace: Workspace, digest: str | None = None, only: tuple[str, ...] | None = None
) -> tuple[pathlib.Path, Manifest]:
    """The folder of an artifact, local and verified, and its manifest.

    Args:
        place: folder or URL.
        workspace: where the files of a URL go.
        digest: what the manifest must say, if the caller knows.
        only: beginnings of the paths that are wanted; the other files are neither fetched nor verified.

    Raises:
        InputFault: when it is not there, not whole or not what its digests say.
    """
    manifest = read_manifest(place)
    if digest is not None and digest != manifest.digest:
        raise InputFault(f"the artifact at {place} has the digest {manifest.digest}, expected {digest}")
    files = {name: each for name, each in manifest.files.items() if only is None or name.startswith(only)}
    folder = _download(place, files, workspace) if is_url(place) else local_path(place)
    _verify(folder, manifest, files, place)
    return folder, manifest


def read_manifest(place: str) -> Manifest:
    """The manifest at a place.

    Raises:
        InputFault: when there is none or it cannot be read.
    """
    try:
        if is_url(place):
            system, root = remote(place)
            return _read_manifest(system.cat_file(f"{root}/{MANIFEST}"), place)
        return _read_manifest((local_path(place) / MANIFEST).read_bytes(), place)
    except OSError as problem:
        raise InputFault(f"no artifact at {place}: {problem.strerror or problem}") from problem


def is_there(place: str, digest: str) -> bool:
    """Whether an artifact with that digest has all of its files; what is in them is seen when they are read.

    Raises:
        InputFault: when it has no manifest that can be read.
    """
    manifest = read_manifest(place)
    return manifest.digest == digest and all(exists(f"{place}/{name}") for name in manifest.files)


def copy(source: str, target: str, workspace: Workspace, digest: str | None = None) -> None:
    """Put the files of an artifact at another place too.

    Raises:
        InputFault: when it is gone or not whole.
    """
    folder, manifest = fetch(source, workspace, digest)
    copied = workspace.folder(target)
    for name in manifest.files:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, copied / name)
    publish(copied, manifest, target)


def _read_manifest(text: bytes, place: str) -> Manifest:
    try:
        content = json.loads(text)
        version = content.pop("version")
        manifest = Manifest(**content)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise InputFault(f"the manifest of the artifact at {place} cannot be read: {problem}") from problem
    if version != VERSION:
        raise InputFault(f"the artifact at {place} has version {version}; this runtime reads version {VERSION}")
    for name in manifest.files:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise InputFault(f"the manifest of the artifact at {place} names `{name}`, which is outside of it")
    return manifest


def _verify(folder: pathlib.Path, manifest: Manifest, files: Mapping[str, str], place: str) -> None:
    if _digest(manifest.files) != manifest.digest:
        raise InputFault(f"the artifact at {place} is corrupt: its manifest contradicts itself")
    for name, expected in files.items():
        try:
            found = _file_digest(folder / name)
        except OSError as problem:
            raise InputFault(f"the artifact at {place} is corrupt: `{name}` cannot be read: {problem}") from problem
        if found != expected:
            raise InputFault(f"the artifact at {place} is corrupt: `{name}` has digest {found}, expected {expected}")


def _download(place: str, files: Mapping[str, str], workspace: Workspace) -> pathlib.Path:
    system, root = remote(place)
    folder = workspace.folder()
    try:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            system.get_file(f"{root}/{name}", str(folder / name))
    except OSError as problem:
        raise InputFault(f"no artifact at {place}: {problem}") from problem
    return folder


def _file_digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items()))
    return "sha256:" + hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
