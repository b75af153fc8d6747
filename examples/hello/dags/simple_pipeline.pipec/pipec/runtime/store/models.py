"""Models: numbered versions, what is linked to them, and their stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pipec.runtime.store import documents, layout
from pipec.runtime.store.documents import Document
from pipec.runtime.store.files import Files

STAGES = ("none", "staging", "production", "archived")


@dataclasses.dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model.

    Attributes:
        name: name of the model.
        number: which version it is, from 1.
        version: its name: the number as text, or what `Model(version=…)` called it.
        stage: `staging`, `production`, `archived` or None.
        created: ISO time.
        origin: `pipeline` and `run` that made it.
        about: fields of `Model` that describe it (`license`, `description`, …).
        tags: its tags.
        metadata: canonical JSON.
        links: `name` and `version` of each linked artifact, in order of linking.
    """

    name: str
    number: int
    version: str
    stage: str | None = None
    created: str = ""
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    about: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    links: Sequence[Mapping[str, str]] = ()

    @property
    def id(self) -> str:
        """Its identity in the store."""
        return f"{self.name}@{self.number}"


class Models:
    """The models of a store."""

    def __init__(self, files: Files) -> None:
        """`files` are the store's."""
        self._files = files

    def of_run(
        self, name: str, pipeline: str, run: str, *, about: Mapping[str, Any], tags: Sequence[str]
    ) -> ModelVersion:
        """The version that a run makes (`Model(name)` without a version): made once, whoever asks first."""
        pointer = f"{layout.run_folder(pipeline, run)}/models.notes/{layout.file_name(name)}.json"
        known = documents.read(self._files, pointer)
        if known is not None:
            return self.get(name, known["number"])
        origin = {"pipeline": pipeline, "run": run}
        number = self._claim(name, None, origin, about, tags)
        # A shorter way for the next who asks; it says what searching would find.
        self._files.put(pointer, documents.dumps({"number": number}))
        return self.get(name, number)

    def made_by(self, name: str, pipeline: str, run: str) -> ModelVersion | None:
        """The version that a run has made, None if it has made none."""
        origin = {"pipeline": pipeline, "run": run}
        for number in reversed(self.numbers(name)):
            found = documents.read(self._files, f"{self._folder(name)}/{number}.json")
            if found is not None and found["origin"] == origin:
                return self.get(name, number)
        return None

    def named(
        self, name: str, version: str, origin: Mapping[str, Any], *, about: Mapping[str, Any], tags: Sequence[str]
    ) -> ModelVersion:
        """The version that is called `version`, made where there is none."""
        return self.get(name, self._claim(name, version, origin, about, tags))

    def _claim(
        self, name: str, version: str | None, origin: Mapping[str, Any], about: Mapping[str, Any], tags: Sequence[str]
    ) -> int:
        facts = {"name": name, "created": documents.now(), "origin": dict(origin), "about": dict(about)}

        def make(number: int) -> Document:
            own = str(number) if version is None else version
            return {**facts, "number": number, "version": own, "tags": list(tags), "is_named": version is not None}

        def mine(found: Document) -> bool:
            if version is not None:
                return bool(found["version"] == version)
            return bool(found["origin"] == origin and not found["is_named"])

        return documents.claim(self._files, self._folder(name), make, mine)[0]

    def get(self, name: str, version: str | int | None = None) -> ModelVersion:
        """A version by number, stage, name or `id`; the newest without, or with `latest`.

        Raises:
            KeyError: when there is none.
        """
        if version is None and not self.numbers(name) and "@" in name:
            name, _, version = name.rpartition("@")
        number = self._number(name, None if version is None else str(version))
        path = f"{self._folder(name)}/{number}.json"
        found = documents.read(self._files, path) if number else None
        if found is None:
            what = "" if version is None else f" with the version or stage `{version}`"
            raise KeyError(f"there is no model `{name}`{what}")
        whole = documents.with_notes(self._files, path, found)
        del whole["is_named"]
        return ModelVersion(**whole, stage=self.stages(name).get(found["number"]))

    def _number(self, name: str, version: str | None) -> int:
        numbers = self.numbers(name)
        if version is None or version == "latest":
            return numbers[-1] if numbers else 0
        if version in STAGES:
            held = [number for number, stage in self.stages(name).items() if stage == version]
            return max(held, default=0)
        if version.isascii() and version.isdigit() and int(version) in numbers:
            return int(version)
        for number in reversed(numbers):
            found = documents.read(self._files, f"{self._folder(name)}/{number}.json")
            if found is not None and found["version"] == version:
                return number
        return 0

    def numbers(self, name: str) -> list[int]:
        """The numbers of a model's versions, ascending."""
        return documents.numbers(self._files, self._folder(name))

    def list(self) -> list[ModelVersion]:
        """The newest version of each model, sorted by name."""
        found: list[ModelVersion] = []
        for folder in self._files.names("models"):
            numbers = documents.numbers(self._files, f"models/{folder}")
            document = documents.read(self._files, f"models/{folder}/{numbers[-1]}.json") if numbers else None
            if document is not None:
                found.append(self.get(document["name"], document["number"]))
        return sorted(found, key=lambda each: each.name)

    def link(self, version: ModelVersion, artifact: str, artifact_version: str) -> None:
        """Link an artifact to a version of a model."""
        self.note(version, link={"name": artifact, "version": artifact_version})

    def linked(self, version: ModelVersion, artifact: str, artifact_version: str | None = None) -> str:
        """The version of the artifact that is linked under a name: the one asked for, else that linked last.

        Raises:
            KeyError: when there is none.
        """
        for link in reversed(version.links):
            if link["name"] == artifact and artifact_version in (None, link["version"]):
                return link["version"]
        raise KeyError(f"version {version.number} of the model `{version.name}` has no artifact `{artifact}`")

    def note(self, version: ModelVersion, **content: Any) -> None:
        """Add `metadata={}`, `tags=[]`, `untag=[]` or `link={}`; several steps may do so at once."""
        documents.note(self._files, f"{self._folder(version.name)}/{version.number}.json", **content)

    def stages(self, name: str) -> dict[int, str]:
        """The stage of each version that has one. At most one version is in `staging`, one in `production`."""
        return self._stages(name, documents.numbers(self._files, f"{self._folder(name)}/stages"))

    def _stages(self, name: str, moves: Sequence[int]) -> dict[int, str]:
        stages: dict[int, str] = {}
        for move in moves:
            document = documents.read(self._files, f"{self._folder(name)}/stages/{move}.json")
            if document is None:
                continue
            number, stage = document["number"], document["stage"]
            if stage in ("staging", "production"):
                stages.update({held: "archived" for held in stages if stages[held] == stage})
            stages[number] = stage
        return {number: stage for number, stage in stages.items() if stage != "none"}

    def promote(self, version: ModelVersion, stage: str, *, force: bool = False) -> None:
        """Move a version to a stage; with `force` the one that holds it is archived.

        Raises:
            ValueError: for what is no stage, or one that another version holds.
        """
        if stage not in STAGES:
            raise ValueError(f"`{stage}` is no stage of a model: {', '.join(STAGES)}")
        folder = f"{self._folder(version.name)}/stages"
        while True:
            moves = documents.numbers(self._files, folder)
            held = [each for each, at in self._stages(version.name, moves).items() if at == stage]
            if stage in ("staging", "production") and set(held) - {version.number} and not force:
                raise ValueError(
                    f"version {held[0]} of the model `{version.name}` is in `{stage}`; `force=True` replaces it"
                )
            # Only if nobody moved a version since the stages were read.
            move = {"at": documents.now(), "number": version.number, "stage": stage}
            if self._files.create(f"{folder}/{(moves or [0])[-1] + 1}.json", documents.dumps(move)):
                return

    def _folder(self, name: str) -> str:
        return f"models/{layout.file_name(name)}"
