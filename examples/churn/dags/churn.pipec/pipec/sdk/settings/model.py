"""The model that steps produce or use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.sdk._record import Record
from pipec.sdk.enums import ModelStages

if TYPE_CHECKING:
    from pipec.sdk.artifacts import ArtifactVersion
    from pipec.sdk.context import ModelVersion
    from pipec.sdk.values import MetadataType


class Model(Record, frozen=False):
    """A version of a model.

    What is not a field is read from the store, inside a running step only.

    Attributes:
        name: name of the model.
        license: its licence.
        description: what it is.
        audience: whom it is for.
        use_cases: what it is for.
        limitations: what it is not for.
        trade_offs: what it trades.
        ethics: its ethical implications.
        tags: tags of the version.
        version: a stage, a number or a name (may hold `{date}`, `{time}`); without it a new version per run.
        save_models_to_registry: model artifacts go to the model registry as well.
        model_version_id: identity of the version.
        suppress_class_validation_warnings: no warning about stages used as versions.
    """

    name: str
    license: str | None = None
    description: str | None = None
    audience: str | None = None
    use_cases: str | None = None
    limitations: str | None = None
    trade_offs: str | None = None
    ethics: str | None = None
    tags: list[str] | None = None
    version: ModelStages | int | str | None = None
    save_models_to_registry: bool = True
    model_version_id: str | None = None
    suppress_class_validation_warnings: bool = False

    def _stored(self, what: str) -> ModelVersion:
        from pipec.sdk.context import running

        return running(f"Model.{what}").model_version(self.name, self.version)

    @property
    def id(self) -> str:
        """Identity of the version."""
        return self._stored("id").id

    @property
    def number(self) -> int:
        """Number of the version."""
        return self._stored("number").number

    @property
    def stage(self) -> str | None:
        """Stage of the version."""
        return self._stored("stage").stage

    @property
    def run_metadata(self) -> dict[str, Any]:
        """Metadata of the version."""
        return dict(self._stored("run_metadata").run_metadata)

    def get_artifact(self, name: str, version: str | None = None) -> ArtifactVersion:
        """An artifact that is linked to this version of the model.

        Raises:
            KeyError: when there is none.
        """
        from pipec.sdk.context import running

        return running("Model.get_artifact()").find_artifact(name, version, self)

    get_model_artifact = get_data_artifact = get_deployment_artifact = get_artifact

    def load_artifact(self, name: str, version: str | None = None) -> Any:
        """The value of such an artifact."""
        return self.get_artifact(name, version).load()

    def log_metadata(self, metadata: dict[str, MetadataType]) -> None:
        """Record metadata of this version."""
        from pipec.sdk.context import Subject, running

        subject = Subject("model", self.name, self.version)
        running("Model.log_metadata()").log_metadata(subject, metadata)

    def set_stage(self, stage: str | ModelStages, force: bool = False) -> None:
        """Move this version to a stage.

        Args:
            stage: the stage.
            force: take the stage from the version that has it.
        """
        from pipec.sdk.context import running

        running("Model.set_stage()").set_model_stage(self.name, self.version, str(stage), force)
