"""Which materializer stores a value, and the two operations on artifacts: `store` and `load`."""

from __future__ import annotations

import pathlib
import shutil
import sys
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipec.runtime import artifacts, codec, imports
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
    for class_ in _libraries(type(value)):
        if class_.takes(value):
            return typing.cast("Materializer", class_())
    return structured.Structured(pick, read)


def _libraries(class_: type) -> Sequence[Any]:
    """The materializers of libraries, if the value may be of one."""
    packages = {each.__module__.partition(".")[0] for each in class_.__mro__}
    is_foreign = not packages.isdisjoint(("polars", "scipy", "PIL", "torch"))
    return imports.own("pipec.runtime.materializers.libraries").ALL if is_foreign else ()


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
        for class_ in imports.own("pipec.runtime.materializers.libraries").ALL:
            if class_.name == name:
                return class_().load(folder, expected, workspace)
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
    is_described: bool = True,
    is_visualized: bool = True,
) -> Manifest:
    """Write a value as an artifact.

    Args:
        value: the value.
        place: folder or URL of the artifact.
        workspace: where it is put together.
        symbol: the materializer class that the step names.
        metadata: what was recorded of the output, canonical JSON; it goes before what the materializer says.
        tags: its tags.
        is_described: whether the materializer adds metadata: shape, types.
        is_visualized: whether a materializer of the user draws.

    Raises:
        Exception: whatever pickle, the user's materializer or the file system raise.
    """
    materializer: Any = pick(value, symbol)
    folder = workspace.folder(place)
    try:
        try:
            materializer.save(value, folder)
        except codec.NotCanonical as reason:
            # A file or two may have been written before the value was found to be none for this materializer.
            folder, materializer = workspace.folder(place), pickled.Pickle()
            print(f"pipec: stored with pickle: {codec.type_name(type(value))} ({reason})", file=sys.stderr)
            materializer.save(value, folder)
        facts = materializer.describe(value) if is_described and hasattr(materializer, "describe") else {}
        described = {str(key): codec.encode(fact, base_value) for key, fact in facts.items()}
        drawn = materializer.visualize(value, folder) if is_visualized and hasattr(materializer, "visualize") else {}
        type_ = f"{type(value).__module__}:{type(value).__qualname__}"
        manifest = artifacts.describe(folder, materializer.name, type_, {**described, **(metadata or {})}, tags, drawn)
        artifacts.publish(folder, manifest, place)
    finally:
        # Of a value that could not be stored; it may be why there is no room to say so.
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def base_value(value: Any) -> codec.Json:
    """Metadata types are texts and numbers with a meaning; numpy's numbers are numbers."""
    for kind in (str, int, float):
        if isinstance(value, kind):
            return codec.encode(kind(value))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return codec.encode(value.item())
    raise TypeError(f"metadata cannot hold a value of type {codec.type_name(type(value))}")


def load(place: str, expected: Any, workspace: Workspace, digest: str | None = None) -> Any:
    """The value of an artifact, verified before anything of it is read.

    Raises:
        InputFault: when the artifact is missing or corrupt.
        Exception: whatever its materializer raises.
    """
    folder, manifest = artifacts.fetch(place, workspace, digest)
    return read(manifest.materializer, folder, expected, workspace)


def load_item(place: str, key: Any, workspace: Workspace, digest: str | None = None) -> Any:
    """`load(…)[key]`, without reading the other items where they lie apart.

    Raises:
        KeyError: when the items do not lie apart; the whole value must be loaded.
        InputFault: as `load`.
    """
    content = _content(place, workspace, digest)
    if not isinstance(content, list | dict) or codec.TAG in content:
        raise KeyError(key)
    try:
        part = content[key]
    except (TypeError, IndexError):
        raise KeyError(key) from None
    wanted = structured.items(part)
    folder, _ = artifacts.fetch(place, workspace, digest, tuple(wanted))
    return structured.Structured(pick, read).decode(part, folder, workspace)


def count_items(place: str, workspace: Workspace, digest: str | None = None) -> int:
    """`len(load(…))` of a list, without reading items that lie apart; raises as `load_item`."""
    content = _content(place, workspace, digest)
    if not isinstance(content, list):
        raise KeyError("no list")
    return len(content)


def _content(place: str, workspace: Workspace, digest: str | None) -> Any:
    folder, manifest = artifacts.fetch(place, workspace, digest, ("data.json",))
    if manifest.materializer != "json":
        raise KeyError(manifest.materializer)
    return structured.content(folder)
