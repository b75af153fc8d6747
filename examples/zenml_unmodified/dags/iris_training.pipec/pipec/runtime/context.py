"""What user code sees of the running step: the live side of `pipec.sdk.context`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipec.runtime import codec, imports
from pipec.runtime.artifacts import Workspace
from pipec.runtime.invocation import Invocation
from pipec.runtime.lookups import Lookups, decoded
from pipec.runtime.materializers.registry import base_value
from pipec.sdk.artifacts import ArtifactVersion
from pipec.sdk.context import ModelVersion, Subject
from pipec.sdk.exceptions import PipecError

if TYPE_CHECKING:
    from pipec.runtime.stored import Stored
    from pipec.sdk.materializers import BaseMaterializer
    from pipec.sdk.settings.model import Model


class LiveStep:
    """The `StepRun` of one invocation. Metadata and tags gather here until the step ends.

    Attributes:
        parameters: arguments that are no artifacts.
        inputs: artifacts by argument.
        recorded: metadata by subject, canonical JSON.
        tagged: tags by subject.
        untagged: tags that were removed, by subject.
        saves: how many values the step has saved by name.
        registered: identities of the artifacts that the step has registered itself.
    """

    def __init__(
        self, invocation: Invocation, load: Callable[[str], Any], lookups: Lookups, workspace: Workspace
    ) -> None:
        """`load` reads a slot, `lookups` the store; files that the step needs lie in `workspace`."""
        self.invocation, self.lookups, self.workspace = invocation, lookups, workspace
        self.saves = 0
        self.registered: list[str] = []
        self._model: Model | None = None
        self._state: list[Any] = []
        self.parameters: dict[str, Any] = {}
        self.recorded: dict[Subject, dict[str, codec.Json]] = {}
        self.tagged: dict[Subject, list[str]] = {}
        self.untagged: dict[Subject, list[str]] = {}
        self.inputs: dict[str, list[ArtifactVersion]] = {
            name: [artifact(invocation, name, load)]
            for name, slot in invocation.slots.items()
            if slot.artifact is not None
        }

    @property
    def pipeline_name(self) -> str:
        """Name of the pipeline."""
        return self.invocation.pipeline

    @property
    def run_id(self) -> str:
        """Identity of the run on its executor."""
        return self.invocation.run

    @property
    def run_name(self) -> str:
        """Name of the run."""
        return self.invocation.run_name or self.invocation.run

    @property
    def step_name(self) -> str:
        """Id of the operation."""
        return self.invocation.step

    @property
    def attempt(self) -> int:
        """Which attempt this is."""
        return self.invocation.attempt

    @property
    def extra(self) -> Mapping[str, Any]:
        """`extra=` of the step over that of the pipeline."""
        return self.invocation.extra

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the outputs."""
        return tuple(self.invocation.spec.outputs)

    @property
    def model(self) -> Model | None:
        """The step's model, else the pipeline's."""
        declared = self.invocation.spec.model
        if declared is not None and self._model is None:
            from pipec.sdk.settings.model import Model

            self._model = Model(**codec.decode(declared, is_trusted=True))
        return self._model

    @property
    def pipeline_state(self) -> Any:
        """What `on_init` returned; None without one."""
        slot = self.invocation.state
        if slot is None:
            return None
        if not self._state:
            text = slot.json
            self._state.append(self.lookups.artifact_at(slot) if text is None else codec.loads(text))
        return self._state[0]

    def output_uri(self, output: str) -> str:
        """Folder or URL of an output."""
        result = self.invocation.results.get(output)
        if result is None or result.artifact is None:
            raise PipecError(f"output `{output}` of step `{self.step_name}` is not stored as an artifact")
        return result.artifact

    def output_materializer(self, output: str) -> type[BaseMaterializer] | None:
        """The class that the step names for the output."""
        symbol = self.invocation.spec.outputs[output].materializer
        found: type[BaseMaterializer] | None = None if symbol is None else codec.resolve(symbol)
        return found

    def log_metadata(self, subject: Subject, metadata: Mapping[str, Any]) -> None:
        """Record metadata: of an output in its manifest, of this step and run in the record, of others in the store."""
        subject, note = self._known(subject)
        encoded = {str(key): codec.encode(value, base_value) for key, value in metadata.items()}
        self.recorded.setdefault(subject, {}).update(encoded)
        if note is not None:
            note(metadata=encoded)
        elif self._is_only_logged(subject):
            print(f"pipec: metadata of {subject.kind} `{self._name(subject)}`: {json.dumps(encoded)}", file=sys.stderr)

    def _is_only_logged(self, subject: Subject) -> bool:
        kept = self.invocation.record is not None or self.lookups.open_store() is not None
        return subject.kind != "output" and not kept

    def metadata(self, subject: Subject) -> Mapping[str, Any]:
        """What was recorded in this attempt."""
        return decoded(self.recorded.get(self._known(subject)[0], {}))

    def add_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Record tags, as `log_metadata` does."""
        subject, note = self._known(subject)
        known = self.tagged.setdefault(subject, [])
        known.extend(tag for tag in tags if tag not in known)
        if note is not None:
            note(tags=list(tags))
        elif self._is_only_logged(subject):
            print(f"pipec: tags of {subject.kind} `{self._name(subject)}`: {', '.join(known)}", file=sys.stderr)

    def remove_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Remove tags; one that is not there is no error."""
        subject, note = self._known(subject)
        self.tagged[subject] = [tag for tag in self.tagged.get(subject, []) if tag not in tags]
        self.untagged.setdefault(subject, []).extend(tags)
        if note is not None:
            note(untag=list(tags))

    def tags(self, subject: Subject) -> Sequence[str]:
        """Tags of this attempt."""
        return tuple(self.tagged.get(self._known(subject)[0], ()))

    def recording(self) -> list[dict[str, Any]]:
        """Everything that was recorded, as JSON."""
        return [
            {
                "kind": subject.kind,
                "name": subject.name,
                "metadata": self.recorded.get(subject, {}),
                "tags": self.tagged.get(subject, []),
                **({"untag": self.untagged[subject]} if subject in self.untagged else {}),
                **({"version": subject.version} if subject.version is not None else {}),
            }
            for subject in sorted({*self.recorded, *self.tagged, *self.untagged}, key=repr)
        ]

    def _name(self, subject: Subject) -> str:
        running = {"step": self.step_name, "run": self.run_id, "pipeline": self.pipeline_name}
        return subject.name or running.get(subject.kind, "")

    def _known(self, subject: Subject) -> tuple[Subject, Callable[..., None] | None]:
        """The subject under one name, and what writes to it in the store if it is not of this attempt.

        Raises:
            NeedsStore: for another subject, without a store.
            KeyError: when the store has none.
        """
        name = self._name(subject)
        mine = {"step": {self.step_name}, "run": {self.run_id, self.run_name}, "pipeline": {self.pipeline_name}}
        mine["output"] = set(self.outputs)
        is_here = subject.version is None or (subject.kind == "step" and subject.version == self.run_id)
        if name in mine.get(subject.kind, ()) and is_here:
            return Subject(subject.kind, self.run_id if subject.kind == "run" else name), None
        return self.stored.subject(Subject(subject.kind, name, subject.version))

    @property
    def stored(self) -> Stored:
        """What steps do with the store."""
        # Few steps do anything.
        stored: Stored = imports.own("pipec.runtime.stored").Stored(self)
        return stored

    def find_artifact(self, name: str, version: str | int | None, model: Model | None) -> ArtifactVersion:
        """A registered artifact, of a model's version where one is given."""
        if model is None:
            found = self.lookups.artifact(name, version)
        else:
            found = self.lookups.linked(model.name, model.version, name, version)
        listed: ArtifactVersion = self.lookups.version_of(found)
        return listed

    def save_artifact(self, data: Any, name: str, **options: Any) -> ArtifactVersion:
        """Store a value under a name."""
        return self.stored.save(data, name, **options)

    def register_artifact(self, uri: str, name: str, **options: Any) -> ArtifactVersion:
        """Name what already lies somewhere."""
        return self.stored.register(uri, name, **options)

    def link_artifact(self, artifact: ArtifactVersion, model: Model | None) -> None:
        """Link a registered artifact to a model, the step's own by default."""
        self.stored.link(artifact, model)

    def model_version(self, name: str, version: str | int | None) -> ModelVersion:
        """A version of a model."""
        found = self.lookups.model(name, version)
        return ModelVersion(found.name, found.number, found.stage, found.id, decoded(found.metadata))

    def set_model_stage(self, name: str, version: str | int | None, stage: str, force: bool) -> None:
        """Move a version of a model to a stage."""
        found = self.lookups.model(name, version)
        self.lookups.store(f"the model `{name}`").models.promote(found, stage, force=force)

    def look_up(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """What `Client().method(…)` gives in a step."""
        return imports.own("pipec.runtime.client").answer(self, method, *arguments, **keywords)


def artifact(invocation: Invocation, slot: str, load: Callable[[str], Any], class_: Any = ArtifactVersion) -> Any:
    """The artifact of a slot, unread."""
    place = invocation.slots[slot]
    return class_(name=slot, version=place.digest or "", uri=place.artifact, load=lambda: load(slot))
