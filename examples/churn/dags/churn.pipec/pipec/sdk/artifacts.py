"""Artifacts as steps meet them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class ArtifactVersion:
    """One stored version of an artifact.

    Attributes:
        name: name of the artifact.
        version: its version.
        uri: folder or URL that holds it.
        id: its identity in the store.
        type: what it is for, a value of `ArtifactType`.
        run_metadata: metadata recorded with it.
        tags: its tags.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        uri: str,
        load: Callable[[], Any],
        id: str = "",
        type: str = "DataArtifact",
        run_metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        """Keep facts about the value; `load` reads it and is called at most once."""
        self.name, self.version, self.uri, self.id, self.type = name, version, uri, id or uri, type
        self.run_metadata, self.tags = dict(run_metadata or {}), list(tags)
        self._load = load

    def load(self) -> Any:
        """The value. It is read at the first call."""
        if not hasattr(self, "_value"):
            self._value = self._load()
        return self._value

    def __repr__(self) -> str:
        """Name, version and place."""
        return f"{type(self).__name__}({self.name!r}, version={self.version!r}, uri={self.uri!r})"


class UnmaterializedArtifact(ArtifactVersion):
    """Annotation of a step input that is to arrive as an artifact instead of a value."""
