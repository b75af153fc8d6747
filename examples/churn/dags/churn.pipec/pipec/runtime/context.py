"""What user code sees of the running step: the live side of `pipec.sdk.context`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipec.runtime import codec
from pipec.runtime.invocation import Invocation
from pipec.sdk.artifacts import ArtifactVersion
from pipec.sdk.context import ModelVersion, Subject
from pipec.sdk.exceptions import PipecError

if TYPE_CHECKING:
    from pipec.sdk.materializers import BaseMaterializer
    from pipec.sdk.settings.model import Model


class NeedsStore(PipecError, RuntimeError):
    """The store (`artifact_root`) was needed, which this runtime does not have yet."""


class LiveStep:
    """The `StepRun` of one invocation. Metadata and tags gather here until the step ends.

    Attributes:
        parameters: arguments that are no artifacts.
        inputs: artifacts by argument.
        recorded: metadata by subject, canonical JSON.
        tagged: tags by subject.
    """

    def __init__(self, invocation: Invocation, load: Callable[[str], Any]) -> None:
        """`load` reads a slot."""
        self.invocation = invocation
        self.parameters: dict[str, Any] = {}
        self.recorded: dict[Subject, dict[str, codec.Json]] = {}
        self.tagged: dict[Subject, list[str]] = {}
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
        """None: models live in the store."""
        return None

    @property
    def pipeline_state(self) -> Any:
        """What `on_init` returned; None without one."""
        return None

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
        """Record metadata: of an output in its manifest, otherwise in the record; in the log if there is none."""
        subject = self._known(subject)
        encoded = {str(key): codec.encode(value, _base_value) for key, value in metadata.items()}
        self.recorded.setdefault(subject, {}).update(encoded)
        if subject.kind != "output" and self.invocation.record is None:
            print(f"pipec: metadata of {subject.kind} `{self._name(subject)}`: {json.dumps(encoded)}", file=sys.stderr)

    def metadata(self, subject: Subject) -> Mapping[str, Any]:
        """What was recorded in this attempt."""
        recorded = self.recorded.get(self._known(subject), {})
        return {key: codec.decode(value, is_trusted=True) for key, value in recorded.items()}

    def add_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Record tags, as `log_metadata` does."""
        subject = self._known(subject)
        known = self.tagged.setdefault(subject, [])
        known.extend(tag for tag in tags if tag not in known)
        if subject.kind != "output" and self.invocation.record is None:
            print(f"pipec: tags of {subject.kind} `{self._name(subject)}`: {', '.join(known)}", file=sys.stderr)

    def remove_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Remove tags that this attempt has added."""
        subject = self._known(subject)
        self.tagged[subject] = [tag for tag in self.tagged.get(subject, []) if tag not in tags]

    def tags(self, subject: Subject) -> Sequence[str]:
        """Tags of this attempt."""
        return tuple(self.tagged.get(self._known(subject), ()))

    def recording(self) -> list[dict[str, Any]]:
        """Everything that was recorded, as JSON."""
        return [
            {
                "kind": subject.kind,
                "name": subject.name,
                "metadata": self.recorded.get(subject, {}),
                "tags": self.tagged.get(subject, []),
            }
            for subject in sorted({*self.recorded, *self.tagged})
        ]

    def _name(self, subject: Subject) -> str:
        running = {"step": self.step_name, "run": self.run_id, "pipeline": self.pipeline_name}
        return subject.name or running.get(subject.kind, "")

    def _known(self, subject: Subject) -> Subject:
        """The subject under one name, if it is this step, its run, pipeline or outputs; others need the store."""
        name = self._name(subject)
        mine = {"step": {self.step_name}, "run": {self.run_id, self.run_name}, "pipeline": {self.pipeline_name}}
        mine["output"] = set(self.outputs)
        is_here = subject.version is None or (subject.kind == "step" and subject.version == self.run_id)
        if name in mine.get(subject.kind, ()) and is_here:
            return Subject(subject.kind, self.run_id if subject.kind == "run" else name)
        raise self._needs_store(f"the {subject.kind} `{name}`")

    def _needs_store(self, what: str) -> NeedsStore:
        return NeedsStore(f"{what} would be found in the store (`artifact_root`), which this runtime does not have yet")

    def find_artifact(self, name: str, version: str | int | None, model: Model | None) -> ArtifactVersion:
        """Needs the store."""
        raise self._needs_store(f"the artifact `{name}`")

    def save_artifact(self, data: Any, name: str, **options: Any) -> ArtifactVersion:
        """Needs the store."""
        raise self._needs_store(f"the artifact `{name}`")

    def register_artifact(self, uri: str, name: str, **options: Any) -> ArtifactVersion:
        """Needs the store."""
        raise self._needs_store(f"the artifact `{name}`")

    def link_artifact(self, artifact: ArtifactVersion, model: Model | None) -> None:
        """Needs the store."""
        raise self._needs_store(f"the artifact `{artifact.name}`")

    def model_version(self, name: str, version: str | int | None) -> ModelVersion:
        """Needs the store."""
        raise self._needs_store(f"the model `{name}`")

    def set_model_stage(self, name: str, version: str | int | None, stage: str, force: bool) -> None:
        """Needs the store."""
        raise self._needs_store(f"the model `{name}`")


def artifact(invocation: Invocation, slot: str, load: Callable[[str], Any], class_: Any = ArtifactVersion) -> Any:
    """The artifact of a slot, unread."""
    place = invocation.slots[slot]
    return class_(name=slot, version=place.digest or "", uri=place.artifact, load=lambda: load(slot))


def _base_value(value: Any) -> codec.Json:
    """Metadata types are texts and numbers with a meaning; numpy's numbers are numbers."""
    for kind in (str, int, float):
        if isinstance(value, kind):
            return codec.encode(kind(value))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return codec.encode(value.item())
    raise TypeError(f"metadata cannot hold a value of type {codec.type_name(type(value))}")
