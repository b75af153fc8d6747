"""What names and describes artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.sdk._convert import Spelling
from pipec.sdk._record import Record, warn
from pipec.sdk.enums import ArtifactType, ColorVariants

if TYPE_CHECKING:
    from pipec.sdk.settings.base import Source


class Tag(Record, frozen=False):
    """A tag.

    Attributes:
        name: its text.
        color: how it is shown.
        exclusive: at most one run of a pipeline carries it.
        cascade: a tag of the run goes to the artifacts it makes.
    """

    name: str
    color: ColorVariants | Spelling | None = None
    exclusive: bool | None = None
    cascade: bool | None = None


class ArtifactConfig(Record, frozen=False):
    """An output of a step, in `Annotated[T, ArtifactConfig(name="model")]`.

    Attributes:
        name: its name; may hold `{date}`, `{time}` and the keys of `substitutions`.
        version: its version; counted up where none is given.
        tags: its tags.
        run_metadata: metadata recorded with it.
        artifact_type: what it is for.
    """

    name: str | None = None
    version: str | int | None = None
    tags: list[str] | None = None
    run_metadata: dict[str, Any] | None = None
    artifact_type: ArtifactType | Spelling | None = None

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.pop("model_name", None) or values.pop("model_version", None):
            warn("ArtifactConfig.model_name and model_version have no effect any more")
        is_model, is_service = values.pop("is_model_artifact", None), values.pop("is_deployment_artifact", None)
        if is_model and is_service:
            raise ValueError("ArtifactConfig: an artifact is a model or a deployment, not both")
        if is_model or is_service:
            values.setdefault("artifact_type", ArtifactType.MODEL if is_model else ArtifactType.SERVICE)
        return values


class ExternalArtifact(Record, frozen=False):
    """A value given to a step as an artifact.

    Attributes:
        value: the value.
        materializer: class that stores it, or its dotted name.
        store_artifact_metadata: record metadata of it.
        store_artifact_visualizations: record visualisations of it.
    """

    value: Any = None
    materializer: Source | None = None
    store_artifact_metadata: bool = True
    store_artifact_visualizations: bool = True
