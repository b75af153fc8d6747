"""Materializers of the user: subclasses of `BaseMaterializer`."""

from __future__ import annotations

import pathlib
import shutil
import sys
import typing
from typing import Any

from pipec.runtime import codec, fitting
from pipec.runtime.artifacts import Workspace

_FOLDER = "content"
"""Where such a class writes, so that its files cannot be taken for the manifest."""


class Custom:
    """One such class, under the name `module:Class`."""

    def __init__(self, name: str, class_: Any) -> None:
        """`class_` takes a folder and has `save(value)` and `load(type)`."""
        self.name, self._class = name, class_
        self._made: Any = None

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Let the class write."""
        (folder / _FOLDER).mkdir()
        self._made = self._class(str(folder / _FOLDER))
        self._made.save(value)

    def describe(self, value: Any) -> dict[str, Any]:
        """What the class says of the value that it has written."""
        found: dict[str, Any] = self._made.extract_metadata(value)
        return found

    def visualize(self, value: Any, folder: pathlib.Path) -> dict[str, str]:
        """Let the class draw; the kind of each drawing by its file.

        Raises:
            ValueError: when it names a file that is not below its folder.
        """
        root = folder / _FOLDER
        drawn: dict[str, Any] = self._made.save_visualizations(value)
        return {(root / name).relative_to(folder).as_posix(): str(kind) for name, kind in drawn.items()}

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Let the class read a copy, as the type that the reader wants; of `Any` and unions as its own first type."""
        content = workspace.folder() / _FOLDER
        shutil.copytree(folder / _FOLDER, content)
        wanted = fitting.plain(expected)
        wanted = typing.get_origin(wanted) or wanted
        if not isinstance(wanted, type) or wanted in (object, fitting.ANY):
            wanted = next(iter(self._class.ASSOCIATED_TYPES), object)
        return self._class(str(content)).load(wanted)


def declared_for(class_: type) -> Custom | None:
    """The user's materializer for values of a class: of the class itself, else of its nearest base."""
    declared = sys.modules.get("pipec.sdk.materializers")
    if declared is None:
        return None
    for base in class_.__mro__:
        found = declared.registry.get(base)
        symbol = codec.symbol_of(found) if found is not None else None
        if symbol is not None:
            return Custom(symbol, found)
    return None
