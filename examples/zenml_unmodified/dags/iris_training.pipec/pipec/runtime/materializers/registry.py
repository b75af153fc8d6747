"""Which materializer stores a value, and the two operations on artifacts: `store` and `load`."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipec.runtime import artifacts, codec
from pipec.runtime.artifacts import Manifest, Workspace
from pipec.runtime.materializers import arrays, custom, frames, pickled, plain, structured


class Materializer(Protocol):
    """What writes and reads the values of some types."""

    @property
    def name(self) -> str:
        """Its name in manifests."""
        ...

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the value into an empty folder; `NotCanonical` where it cannot be given back as it was."""
        ...

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the value. `expected` is the reader's annotation; files that outlive the call go to `workspace`."""
        ...


def _pick(value: object) -> Materializer:
    """The first materializer for the value's exact type."""
    if type(value) in (bytes, bytearray):
        return plain.RawBytes()
    if isinstance(value, pathlib.Path):
        return plain.PathContent()
    if plain.is_text(value):
        return plain.Text()
    if frames.is_table(value):
        return frames.Table()
    if arrays.is_array(value):
        return arrays.Array()
    return structured.Structured(pick, read)


def pick(value: object, symbol: str | None = None) -> Materializer:
    """The materializer of a value; `symbol` is the class that the step names for the output."""
    if symbol is not None:
        return custom.Custom(symbol, codec.resolve(symbol))
    declared = custom.declared_for(type(value))
    return declared if declared is not None else _pick(value)


def read(name: str, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
    """The value in a folder that the materializer `name` wrote."""
    if ":" in name:
        return custom.Custom(name, codec.resolve(name)).load(folder, expected, workspace)
    known: Mapping[str, Materializer] = {
        each.name: each
        for each in (
            *(plain.RawBytes(), plain.PathContent(), plain.Text(), frames.Table(), arrays.Array()),
            *(structured.Structured(pick, read), pickled.Pickle()),
        )
    }
    if name not in known:
        raise ValueError(f"`{name}` is no materializer of this runtime")
    return known[name].load(folder, expected, workspace)


def store(
    value: object,
    place: str,
    workspace: Workspace,
    *,
    symbol: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Manifest:
    """Write a value as an artifact.

    Args:
        value: the value.
        place: folder or URL of the artifact.
        workspace: where it is put together.
        symbol: the materializer class that the step names.
        metadata: what was recorded of the output, canonical JSON.
        tags: its tags.

    Raises:
        Exception: whatever pickle, the user's materializer or the file system raise.
    """
    materializer = pick(value, symbol)
    folder = workspace.folder()
    try:
        materializer.save(value, folder)
    except codec.NotCanonical as reason:
        # A file or two may have been written before the value was found to be none for this materializer.
        folder, materializer = workspace.folder(), pickled.Pickle()
        print(f"pipec: stored with pickle: {codec.type_name(type(value))} ({reason})", file=sys.stderr)
        materializer.save(value, folder)
    type_ = f"{type(value).__module__}:{type(value).__qualname__}"
    manifest = artifacts.describe(folder, materializer.name, type_, metadata, tags)
    artifacts.publish(folder, manifest, place)
    return manifest


def load(place: str, expected: Any, workspace: Workspace, digest: str | None = None) -> Any:
    """The value of an artifact, verified before anything of it is read.

    Raises:
        InputFault: when the artifact is missing or corrupt.
        Exception: whatever its materializer raises.
    """
    folder, manifest = artifacts.fetch(place, workspace, digest)
    return read(manifest.materializer, folder, expected, workspace)
