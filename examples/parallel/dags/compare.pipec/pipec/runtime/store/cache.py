"""Results of steps by the key of everything that they depend on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipec.runtime.errors import InputFault
from pipec.runtime.store import documents, layout
from pipec.runtime.store.documents import Document
from pipec.runtime.store.files import Files


class Cache:
    """The cache of a store. An entry is the record of the attempt that made it, with the parts of its key."""

    def __init__(self, files: Files) -> None:
        """`files` are the store's."""
        self._files = files

    def put(self, key: str, pipeline: str, step: str, entry: Mapping[str, Any]) -> None:
        """Keep the result of a step.

        Args:
            key: hexadecimal digits.
            pipeline: name of the pipeline.
            step: id of the operation.
            entry: `parts` (what the key was made of, by name) and `record` (outputs with `place` and `digest`, metadata).
        """
        document = documents.dumps({"created": documents.now(), "key": key, **entry})
        self._files.put(f"cache/{layout.file_name(key)}.json", document)
        self._files.put(_last(pipeline, step), document)

    def get(self, key: str, expires_after: float | None = None) -> Document | None:
        """The entry of a key, None where there is none, it cannot be read or it is older than `expires_after` seconds."""
        try:
            entry = documents.read(self._files, f"cache/{layout.file_name(key)}.json")
        except InputFault:
            return None
        if entry is None or expires_after is None:
            return entry
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(entry["created"])
        return entry if age.total_seconds() < expires_after else None

    def last(self, pipeline: str, step: str) -> Document | None:
        """The entry that this step of this pipeline wrote last, under whatever key."""
        try:
            return documents.read(self._files, _last(pipeline, step))
        except InputFault:
            return None

    def remove(self, key: str) -> None:
        """Forget an entry; none is no error."""
        self._files.remove(f"cache/{layout.file_name(key)}.json")


def _last(pipeline: str, step: str) -> str:
    return f"cache/last/{layout.file_name(pipeline)}/{layout.file_name(step)}.json"
