"""What runs right now: the one place where the step runtime connects to user code.

The runtime calls `install(run)` before the user's function and `install(None)` after it. `run` is anything with the
members of `StepRun`. All functions of `pipec.sdk.tracking`, `StepContext` and the store look-ups of `Model` and
`Client` go through it; outside of a step they fail and say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pipec.sdk.exceptions import StepContextError

if TYPE_CHECKING:
    from pipec.sdk.artifacts import ArtifactVersion
    from pipec.sdk.materializers import BaseMaterializer
    from pipec.sdk.settings.model import Model
    from pipec.sdk.values import MetadataType


class Subject(NamedTuple):
    """What metadata and tags are about.

    Attributes:
        kind: `step`, `run`, `pipeline`, `output` (of the running step), `artifact`, `model`, or a resource that only
            a server has (`run_template`, `snapshot`, `deployment`).
        name: its name or id; of a `step` and a `run` possibly None: the running one.
        version: version of an `artifact` or a `model` (None: the newest); of a `step` the run that it is in.
    """

    kind: str
    name: str | None = None
    version: str | int | None = None


class ModelVersion(NamedTuple):
    """A version of a model in the store."""

    name: str
    number: int
    stage: str | None
    id: str
    run_metadata: Mapping[str, Any]


class StepRun(Protocol):
    """What the runtime provides while one attempt of a step runs."""

    @property
    def pipeline_name(self) -> str:
        """Name of the pipeline."""
        ...

    @property
    def run_id(self) -> str:
        """Identity of the run on its executor."""
        ...

    @property
    def run_name(self) -> str:
        """Name of the run."""
        ...

    @property
    def step_name(self) -> str:
        """Id of the operation, unique in the pipeline."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt this is; the first is 1."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Arguments of the step that are parameters, not artifacts."""
        ...

    @property
    def extra(self) -> Mapping[str, Any]:
        """`extra=` of the step over that of the pipeline."""
        ...

    @property
    def inputs(self) -> Mapping[str, list[ArtifactVersion]]:
        """Artifacts that the step takes, by argument."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the step's outputs, in order."""
        ...

    @property
    def model(self) -> Model | None:
        """The step's model, else the pipeline's."""
        ...

    @property
    def pipeline_state(self) -> Any:
        """What `on_init` returned."""
        ...

    def output_uri(self, output: str) -> str:
        """Folder or URL that the output will be stored in."""
        ...

    def output_materializer(self, output: str) -> type[BaseMaterializer] | None:
        """Class that will store the output, where it is known before the value."""
        ...

    def log_metadata(self, subject: Subject, metadata: Mapping[str, MetadataType]) -> None:
        """Record metadata."""
        ...

    def metadata(self, subject: Subject) -> Mapping[str, MetadataType]:
        """Metadata recorded so far."""
        ...

    def add_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Record tags."""
        ...

    def remove_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        """Remove tags; one that is not there is no error."""
        ...

    def tags(self, subject: Subject) -> Sequence[str]:
        """Tags recorded so far."""
        ...

    def find_artifact(self, name: str, version: str | int | None, model: Model | None) -> ArtifactVersion:
        """An artifact in the store by name or id, of a model where one is given; KeyError where there is none."""
        ...

    def save_artifact(
        self,
        data: Any,
        name: str,
        *,
        version: str | int | None,
        artifact_type: str | None,
        tags: Sequence[str],
        metadata: Mapping[str, MetadataType],
        materializer: Any,
        uri: str | None,
    ) -> ArtifactVersion:
        """Store a value under a name; without a version the next one is counted."""
        ...

    def register_artifact(
        self,
        uri: str,
        name: str,
        *,
        version: str | int | None,
        artifact_type: str | None,
        tags: Sequence[str],
        metadata: Mapping[str, MetadataType],
    ) -> ArtifactVersion:
        """Name what already lies in the store."""
        ...

    def link_artifact(self, artifact: ArtifactVersion, model: Model | None) -> None:
        """Link an artifact to a model, the step's own by default."""
        ...

    def model_version(self, name: str, version: str | int | None) -> ModelVersion:
        """A version of a model in the store; KeyError where there is none."""
        ...

    def set_model_stage(self, name: str, version: str | int | None, stage: str, force: bool) -> None:
        """Move a version of a model to a stage."""
        ...

    def look_up(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """The answer to `Client().method(…)`; KeyError where the store has nothing of that name."""
        ...


_current: StepRun | None = None
# A module variable, not a context variable: a step has its process for itself, and its threads log metadata too.


def install(run: StepRun | None) -> StepRun | None:
    """Make `run` the running step, or none; returns what was installed before."""
    global _current
    before, _current = _current, run
    return before


def is_in_step() -> bool:
    """Whether a step runs under the step runtime."""
    return _current is not None


def running(what: str) -> StepRun:
    """The running step.

    Args:
        what: what needs it, for the message.

    Raises:
        RuntimeError: when no step runs.
    """
    if _current is None:
        raise RuntimeError(f"{what} can be used only inside a running step")
    return _current


def get_step_context() -> StepContext:
    """The context of the running step.

    Raises:
        RuntimeError: when no step runs.
    """
    return StepContext(running("get_step_context()"))


class PipelineFacts(NamedTuple):
    """The pipeline of a run."""

    name: str
    id: str


class RunFacts(NamedTuple):
    """A run."""

    id: str
    name: str
    pipeline: PipelineFacts


class StepFacts(NamedTuple):
    """A step of a run."""

    id: str
    name: str
    attempt: int
    parameters: Mapping[str, Any]
    extra: Mapping[str, Any]


class StepContext:
    """Facts about the running step, its inputs and its future outputs."""

    def __init__(self, run: StepRun) -> None:
        """See `get_step_context`."""
        self._run = run

    @property
    def pipeline(self) -> PipelineFacts:
        """The pipeline: `.name`, `.id`."""
        return PipelineFacts(self._run.pipeline_name, self._run.pipeline_name)

    @property
    def pipeline_run(self) -> RunFacts:
        """The run: `.id`, `.name`, `.pipeline`."""
        return RunFacts(self._run.run_id, self._run.run_name, self.pipeline)

    @property
    def step_run(self) -> StepFacts:
        """This step: `.id`, `.name`, `.attempt`, `.parameters`, `.extra`."""
        run = self._run
        return StepFacts(f"{run.run_id}/{run.step_name}", run.step_name, run.attempt, run.parameters, run.extra)

    @property
    def step_name(self) -> str:
        """Id of this step in the pipeline."""
        return self._run.step_name

    @property
    def pipeline_state(self) -> Any:
        """What `on_init` returned."""
        return self._run.pipeline_state

    @property
    def inputs(self) -> Mapping[str, list[ArtifactVersion]]:
        """Artifacts that the step takes, by argument."""
        return self._run.inputs

    @property
    def model(self) -> Model:
        """The step's model, else the pipeline's.

        Raises:
            StepContextError: when neither has one.
        """
        if self._run.model is None:
            raise StepContextError(f"step `{self.step_name}` has no model: neither it nor its pipeline names one")
        return self._run.model

    @property
    def model_version(self) -> Model:
        """The same as `model`."""
        return self.model

    def _output(self, name: str | None) -> Subject:
        outputs = self._run.outputs
        if not outputs:
            raise StepContextError(f"step `{self.step_name}` has no outputs")
        listed = ", ".join(f"`{each}`" for each in outputs)
        if name is None and len(outputs) > 1:
            raise StepContextError(f"step `{self.step_name}` has several outputs, name one of {listed}")
        if name is not None and name not in outputs:
            raise StepContextError(f"step `{self.step_name}` has no output `{name}`, only {listed}")
        return Subject("output", name or outputs[0])

    def get_output_artifact_uri(self, output_name: str | None = None) -> str:
        """Folder or URL that an output will be stored in; the name may be left out where there is one output."""
        return self._run.output_uri(self._output(output_name).name or "")

    def get_output_materializer(
        self,
        output_name: str | None = None,
        custom_materializer_class: type[BaseMaterializer] | None = None,
        data_type: type[Any] | None = None,
    ) -> BaseMaterializer:
        """A materializer on the place of an output.

        Raises:
            StepContextError: when no class is given and none is known before the value.
        """
        name = self._output(output_name).name or ""
        class_ = custom_materializer_class or self._run.output_materializer(name)
        if class_ is None:
            raise StepContextError(f"the materializer of `{name}` is not known before its value, name a class")
        return class_(self._run.output_uri(name))

    def add_output_metadata(self, metadata: dict[str, MetadataType], output_name: str | None = None) -> None:
        """Record metadata of an output."""
        self._run.log_metadata(self._output(output_name), metadata)

    def get_output_metadata(self, output_name: str | None = None) -> dict[str, MetadataType]:
        """Metadata recorded of an output so far."""
        return dict(self._run.metadata(self._output(output_name)))

    def add_output_tags(self, tags: list[str], output_name: str | None = None) -> None:
        """Record tags of an output."""
        self._run.add_tags(self._output(output_name), tags)

    def remove_output_tags(self, tags: list[str], output_name: str | None = None) -> None:
        """Remove tags of an output."""
        self._run.remove_tags(self._output(output_name), tags)

    def get_output_tags(self, output_name: str | None = None) -> list[str]:
        """Tags recorded of an output so far."""
        return list(self._run.tags(self._output(output_name)))
