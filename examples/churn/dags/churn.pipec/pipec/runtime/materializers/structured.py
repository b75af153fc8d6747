"""Values of canonical JSON, with tables, arrays and files inside them as artifacts of their own."""

from __future__ import annotations

import base64
import importlib
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pipec.runtime import codec
from pipec.runtime.artifacts import Workspace

_MOST_ITEMS = 1000
"""Beyond this one pickle is better than a folder for each."""


class Structured:
    """JSON in `data.json`; what JSON cannot say lies in `items/0`, `items/1` and so on.

    Numpy scalars, which metrics are full of, are said in place: `{"$pipec": ["numpy", dtype, base64]}`.
    """

    name = "json"

    def __init__(self, pick: Callable[[object], Any], read: Callable[..., Any]) -> None:
        """`pick` and `read` are the registry's, for the items."""
        self._pick, self._read = pick, read

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the value.

        Raises:
            NotCanonical: where an item would have to be pickled, or there are too many.
        """
        count = 0

        def leaf(item: Any) -> codec.Json:
            nonlocal count
            if _is_numpy_scalar(item):
                return {codec.TAG: ["numpy", item.dtype.str, base64.b64encode(item.tobytes()).decode()]}
            materializer = self._pick(item)
            if isinstance(materializer, Structured) or count == _MOST_ITEMS:
                raise codec.NotCanonical(f"with a value of type {codec.type_name(type(item))}")
            place = f"items/{count}"
            count += 1
            (folder / place).mkdir(parents=True)
            materializer.save(item, folder / place)
            return {codec.TAG: ["artifact", place, materializer.name]}

        content = codec.text(codec.encode(value, leaf))
        (folder / "data.json").write_text(content + "\n", encoding="ascii")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read it."""
        return self.decode(content(folder), folder, workspace)

    def decode(self, part: codec.Json, folder: pathlib.Path, workspace: Workspace) -> Any:
        """The value of the content or of a part of it."""

        def leaf(tagged: list[Any]) -> Any:
            if tagged[0] == "numpy":
                numpy: Any = importlib.import_module("numpy")
                return numpy.frombuffer(base64.b64decode(tagged[2]), dtype=tagged[1])[0]
            kind, place, materializer = tagged
            if kind != "artifact":
                raise ValueError(f"`{kind}` is no kind of canonical JSON")
            return self._read(materializer, folder / place, Any, workspace)

        return codec.decode(part, leaf, is_trusted=True)


def content(folder: pathlib.Path) -> Any:
    """What `data.json` says."""
    return codec.parse((folder / "data.json").read_bytes())


def items(part: Any) -> set[str]:
    """The folders of the tables, arrays and files that a part of the content holds."""
    if isinstance(part, list):
        parts = cast("Sequence[Any]", part)
        if len(parts) == 3 and parts[0] == "artifact":
            return {f"{parts[1]}/"}
        return set[str]().union(*map(items, parts))
    return set[str]().union(*map(items, cast("Mapping[str, Any]", part).values())) if isinstance(part, dict) else set()


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in "biufcSUmM"
