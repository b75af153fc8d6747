"""Registered artifacts: names whose versions are counted, each pointing to where the files lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipec.runtime.errors import OutputFault
from pipec.runtime.store import documents, layout
from pipec.runtime.store.documents import Document
from pipec.runtime.store.files import Files


@dataclasses.dataclass(frozen=True, slots=True)
class Artifact:
    """One version of a registered artifact.

    Attributes:
        name: its name.
        version: its version: a number as text, or what was asked for.
        place: folder or URL of its files; in the document relative to the artifact root where it lies below it.
        digest: of its manifest; empty for what was registered without one (a folder that no step wrote).
        type: `module:Class` of the value.
        materializer: what reads it.
        size: bytes.
        artifact_type: a value of ZenML's `ArtifactType`.
        tags: its tags.
        metadata: canonical JSON.
        created: ISO time.
        origin: `pipeline`, `run`, `instance`, `attempt` and `output` that made it.
    """

    name: str
    version: str
    place: str
    digest: str = ""
    type: str = ""
    materializer: str = ""
    size: int = 0
    artifact_type: str = "DataArtifact"
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    created: str = ""
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])

    @property
    def id(self) -> str:
        """Its identity in the store."""
        return f"{self.name}@{self.version}"


class Artifacts:
    """The registered artifacts of a store."""

    def __init__(self, files: Files, relative: Callable[[str], str], absolute: Callable[[str], str]) -> None:
        """`relative` and `absolute` turn places into those below the artifact root and back."""
        self._files, self._relative, self._absolute = files, relative, absolute

    def register(self, artifact: Artifact) -> Artifact:
        """Give an artifact its version.

        Args:
            artifact: with an empty `version` the next number is taken; another one must be free, or be of the same
                instance of the same run, which tries again.

        Raises:
            OutputFault: when the version is taken.
        """
        folder = f"artifacts/{layout.file_name(artifact.name)}"
        document = {field.name: getattr(artifact, field.name) for field in dataclasses.fields(artifact)}
        document |= {"place": self._relative(artifact.place), "created": artifact.created or documents.now()}
        if not artifact.version:
            _, made = documents.claim(self._files, folder, lambda number: {**document, "version": str(number)})
            return self._read(made)
        path = f"{folder}/{layout.file_name(artifact.version)}.json"
        if not self._files.create(path, documents.dumps(document)):
            before = documents.read(self._files, path) or {}
            if not _is_same_instance(before.get("origin", {}), artifact.origin):
                raise OutputFault(f"the artifact `{artifact.name}` has a version `{artifact.version}` already")
            self._files.put(path, documents.dumps(document), is_durable=True)
        return self._read(document)

    def get(self, name: str, version: str | int | None = None) -> Artifact:
        """A version by name, or by `id` alone; the newest without a version.

        The newest is the largest number; where a version is no number, the one that was registered last.

        Raises:
            KeyError: when there is none.
        """
        wanted = None if version is None else str(version)
        found = self._find(name, wanted)
        if found is None and wanted is None and "@" in name:
            found = self._find(*name.rpartition("@")[::2])
        if found is None:
            raise KeyError(f"there is no artifact `{name}`" + ("" if wanted is None else f" with version `{wanted}`"))
        return found

    def _find(self, name: str, version: str | None) -> Artifact | None:
        if version is not None:
            path = self._path(name, version)
            found = documents.read(self._files, path)
            return None if found is None else self._read(documents.with_notes(self._files, path, found))
        versions = self.versions(name)
        if not versions:
            return None
        if all(each.isascii() and each.isdigit() for each in versions):
            return self._find(name, max(versions, key=int))
        each = (self._find(name, version) for version in versions)
        return max((one for one in each if one is not None), key=lambda one: one.created, default=None)

    def versions(self, name: str) -> list[str]:
        """The versions of a name; numbers in order, other texts after them."""
        folder = f"artifacts/{layout.file_name(name)}"
        stems = [each.removesuffix(".json") for each in self._files.names(folder) if each.endswith(".json")]
        counted = sorted((stem for stem in stems if stem.isdigit()), key=int)
        named = [documents.read(self._files, f"{folder}/{stem}.json") for stem in stems if not stem.isdigit()]
        return counted + [each["version"] for each in named if each is not None]

    def list(self) -> list[Artifact]:
        """The newest version of each name, sorted by name."""
        newest = [self._newest(folder) for folder in self._files.names("artifacts")]
        return sorted((each for each in newest if each is not None), key=lambda each: each.name)

    def _newest(self, folder: str) -> Artifact | None:
        for each in self._files.names(f"artifacts/{folder}"):
            found = documents.read(self._files, f"artifacts/{folder}/{each}") if each.endswith(".json") else None
            if found is not None:
                return self._find(found["name"], None)
        return None

    def note(self, artifact: Artifact, **content: Any) -> None:
        """Add `metadata={}`, `tags=[]` or `untag=[]`; several steps may do so at once."""
        documents.note(self._files, self._path(artifact.name, artifact.version), **content)

    def _path(self, name: str, version: str) -> str:
        return f"artifacts/{layout.file_name(name)}/{layout.file_name(version)}.json"

    def _read(self, document: Document) -> Artifact:
        known = {field.name for field in dataclasses.fields(Artifact)}
        fields: dict[str, Any] = {name: value for name, value in document.items() if name in known}
        fields["place"] = self._absolute(document["place"])
        return Artifact(**fields)


def _is_same_instance(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    key = ("pipeline", "run", "instance", "output")
    return bool(other) and all(one.get(name) == other.get(name) for name in key)
