"""`Client()` inside a step: what ZenML's client would be asked for, answered by the store.

`pipec.sdk.client.METHODS` is the table of what is answered; every other name is an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pipec.runtime.context import LiveStep
from pipec.runtime.lookups import Lookups, decoded, model_attribute
from pipec.sdk.artifacts import ArtifactVersion
from pipec.sdk.enums import ExecutionStatus

if TYPE_CHECKING:
    from pipec.runtime.store import Attempt, Run

_STATES = {"succeeded": ExecutionStatus.COMPLETED, "failed": ExecutionStatus.FAILED, "cached": ExecutionStatus.CACHED}


def answer(live: LiveStep, method: str, *arguments: Any, **keywords: Any) -> Any:
    """The answer to `Client().method(…)`.

    Raises:
        KeyError: when the store has nothing of that name.
        TypeError: for keywords that pipec does not know.
    """
    return ANSWERS[method](live.lookups, *arguments, **keywords)


class StepView:
    """A step of a run: `name`, `status`, `outputs`, `output`, `run_metadata`, `start_time`, `end_time`."""

    def __init__(self, lookups: Lookups, attempt: Attempt) -> None:
        """The last attempt of one instance."""
        record: Mapping[str, Any] = attempt.record or {}
        self.name = attempt.instance
        self.id = f"{record.get('run', '')}/{attempt.instance}"
        self.status = _STATES.get(record.get("state", ""), ExecutionStatus.FAILED)
        self.start_time, self.end_time = _time(record.get("started")), _time(record.get("ended"))
        self.run_metadata: dict[str, Any] = {}
        for each in record.get("recorded", ()):
            if each["kind"] == "step":
                self.run_metadata.update(decoded(each.get("metadata", {})))
        self.outputs: dict[str, list[ArtifactVersion]] = {
            name: [_output(lookups, name, output)] for name, output in record.get("outputs", {}).items()
        }

    @property
    def output(self) -> ArtifactVersion:
        """The one output.

        Raises:
            ValueError: when there is not exactly one.
        """
        if len(self.outputs) != 1:
            raise ValueError(f"step `{self.name}` has {len(self.outputs)} outputs")
        return next(iter(self.outputs.values()))[0]


class RunView:
    """A run: `id`, `name`, `status`, `pipeline`, `steps`, `run_metadata`, `tags`, `start_time`, `end_time`."""

    def __init__(self, lookups: Lookups, run: Run) -> None:
        """A run of the store."""
        self._lookups, self._run = lookups, run
        self.id, self.name = run.run, run.name or run.run
        self.status = _STATES.get(run.state, ExecutionStatus.RUNNING)
        self.pipeline = PipelineView(lookups, run.pipeline)
        self.run_metadata, self.tags = decoded(run.metadata), list(run.tags)
        self.start_time, self.end_time = _time(run.started), _time(run.ended)

    @property
    def steps(self) -> dict[str, StepView]:
        """The steps that have ended, by instance."""
        store = self._lookups.store("a run")
        attempts = store.runs.attempts(self._run.pipeline, self._run.run)
        return {each.instance: StepView(self._lookups, each) for each in attempts if each.record is not None}


class PipelineView:
    """A pipeline: `name`, `id`, `runs`, `last_run`, `last_successful_run`."""

    def __init__(self, lookups: Lookups, name: str) -> None:
        """A pipeline of the store."""
        self._lookups = lookups
        self.name = self.id = name

    @property
    def runs(self) -> list[RunView]:
        """Its runs, the newest first."""
        return [RunView(self._lookups, run) for run in self._lookups.store("a run").runs.list(self.name)]

    @property
    def last_run(self) -> RunView:
        """The newest run.

        Raises:
            RuntimeError: when there is none.
        """
        return self._first(self.runs)

    @property
    def last_successful_run(self) -> RunView:
        """The newest run that succeeded; raises as `last_run`."""
        return self._first([run for run in self.runs if run.status == ExecutionStatus.COMPLETED])

    def _first(self, runs: list[RunView]) -> RunView:
        if not runs:
            raise RuntimeError(f"the pipeline `{self.name}` has no such run")
        return runs[0]


class ModelView:
    """A version of a model: its facts and its artifacts, as ZenML's `ModelVersionResponse` names them."""

    def __init__(self, lookups: Lookups, name: str, version: str | int | None) -> None:
        """A version of the store."""
        self._lookups, self._found = lookups, lookups.model(name, version)

    def __getattr__(self, name: str) -> Any:
        """`name`, `number`, `version`, `stage`, `id`, `tags`, `run_metadata`, `description` and the like."""
        try:
            return model_attribute(self._found, name)
        except KeyError as problem:
            raise AttributeError(problem.args[0]) from None

    @property
    def model(self) -> ModelName:
        """The model: `.name`, `.id`."""
        return ModelName(self._found.name, self._found.name)

    def get_artifact(self, name: str, version: str | None = None) -> ArtifactVersion:
        """An artifact that is linked to it; KeyError where there is none."""
        found: ArtifactVersion = self._lookups.version_of(
            self._lookups.linked(self._found.name, self._found.number, name, version)
        )
        return found

    get_model_artifact = get_data_artifact = get_deployment_artifact = get_artifact

    def load_artifact(self, name: str, version: str | None = None) -> Any:
        """The value of such an artifact."""
        return self.get_artifact(name, version).load()

    def set_stage(self, stage: str, force: bool = False) -> None:
        """Move it to a stage."""
        self._lookups.store("a model").models.promote(self._found, str(stage), force=force)


class ModelName(NamedTuple):
    """A model."""

    name: str
    id: str


def _get_artifact_version(
    lookups: Lookups, name_id_or_prefix: str, version: str | int | None = None, **server: Any
) -> Any:
    _refuse("get_artifact_version", server)
    return lookups.version_of(lookups.artifact(str(name_id_or_prefix), version))


def _list_artifact_versions(
    lookups: Lookups, artifact: str | None = None, name: str | None = None, **server: Any
) -> list[Any]:
    _refuse("list_artifact_versions", server)
    wanted = artifact or name
    if wanted is None:
        raise TypeError("Client().list_artifact_versions() needs the name of an artifact here")
    versions = lookups.store(f"the artifact `{wanted}`").artifacts.versions(wanted)
    return [lookups.version_of(lookups.artifact(wanted, version)) for version in reversed(versions)]


def _get_model_version(
    lookups: Lookups,
    model_name_or_id: str,
    model_version_name_or_number_or_id: str | int | None = None,
    **server: Any,
) -> ModelView:
    _refuse("get_model_version", server)
    return ModelView(lookups, str(model_name_or_id), model_version_name_or_number_or_id or "latest")


def _list_model_versions(lookups: Lookups, model: str | None = None, **server: Any) -> list[ModelView]:
    _refuse("list_model_versions", server)
    name = str(model or "")
    numbers = lookups.store(f"the model `{name}`").models.numbers(name)
    return [ModelView(lookups, name, number) for number in reversed(numbers)]


def _get_pipeline_run(lookups: Lookups, name_id_or_prefix: str, **server: Any) -> RunView:
    _refuse("get_pipeline_run", server)
    return RunView(lookups, lookups.store(f"the run `{name_id_or_prefix}`").runs.find(str(name_id_or_prefix)))


def _list_pipeline_runs(
    lookups: Lookups, pipeline: str | None = None, pipeline_name: str | None = None, **server: Any
) -> list[RunView]:
    _refuse("list_pipeline_runs", server)
    return [RunView(lookups, run) for run in lookups.store("a run").runs.list(pipeline or pipeline_name)]


def _get_pipeline(lookups: Lookups, name_id_or_prefix: str, **server: Any) -> PipelineView:
    _refuse("get_pipeline", server)
    return PipelineView(lookups, str(name_id_or_prefix))


def _get_run_step(lookups: Lookups, step_run_id: str, **server: Any) -> StepView:
    _refuse("get_run_step", server)
    # The id of a step is `run/step`, see `StepContext.step_run`.
    run, _, step = str(step_run_id).rpartition("/")
    return _get_pipeline_run(lookups, run).steps[step]


def _refuse(method: str, server: Mapping[str, Any]) -> None:
    for name in server:
        if name not in ("hydrate", "allow_name_prefix_match", "project", "include_full_metadata"):
            raise TypeError(f"Client().{method}() has no keyword `{name}` in pipec")


def _output(lookups: Lookups, name: str, output: Mapping[str, Any]) -> ArtifactVersion:
    if "registered" in output:
        found: ArtifactVersion = lookups.version_of(lookups.artifact(output["registered"]))
        return found
    return lookups.unregistered(name, output)


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


ANSWERS: dict[str, Callable[..., Any]] = {
    "get_artifact_version": _get_artifact_version,
    "get_model_version": _get_model_version,
    "get_pipeline": _get_pipeline,
    "get_pipeline_run": _get_pipeline_run,
    "get_run_step": _get_run_step,
    "list_artifact_versions": _list_artifact_versions,
    "list_model_versions": _list_model_versions,
    "list_pipeline_runs": _list_pipeline_runs,
}
"""What answers each of `pipec.sdk.client.METHODS`."""
