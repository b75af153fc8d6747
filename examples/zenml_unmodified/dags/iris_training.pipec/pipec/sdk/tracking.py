"""What a running step records and reads: metadata, tags, artifacts. Everything goes to the run that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipec.sdk.context import StepRun, Subject, get_step_context, running

if TYPE_CHECKING:
    from pipec.sdk.artifacts import ArtifactVersion
    from pipec.sdk.enums import ArtifactType
    from pipec.sdk.materializers import BaseMaterializer
    from pipec.sdk.settings.artifacts import Tag
    from pipec.sdk.settings.model import Model
    from pipec.sdk.values import MetadataType


def _output(name: str | None) -> Subject:
    return get_step_context()._output(name)  # pyright: ignore[reportPrivateUsage]


def _model(run: StepRun, what: str) -> Subject:
    if run.model is None:
        raise ValueError(f"{what}: neither the step nor its pipeline names a model")
    return Subject("model", run.model.name, run.model.version)


def log_metadata(  # noqa: PLR0913
    metadata: dict[str, MetadataType],
    *,
    step_id: str | None = None,
    step_name: str | None = None,
    run_id_name_or_prefix: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | None = None,
    infer_artifact: bool = False,
    model_version_id: str | None = None,
    model_name: str | None = None,
    model_version: str | int | None = None,
    infer_model: bool = False,
) -> None:
    """Record metadata of the running step, or of what the keywords name.

    Args:
        metadata: values by name.
        step_id: a step by its id.
        step_name: a step by its name, in the run that `run_id_name_or_prefix` names.
        run_id_name_or_prefix: a run.
        artifact_version_id: an artifact by its id.
        artifact_name: an artifact by its name; with `infer_artifact` an output of this step.
        artifact_version: its version; the newest by default.
        infer_artifact: the output of this step.
        model_version_id: a model's version by its id.
        model_name: a model by its name.
        model_version: its version.
        infer_model: the model of this step.

    Raises:
        RuntimeError: outside of a running step.
        ValueError: when the keywords name two things, or a model where there is none.
    """
    run = running("log_metadata()")
    subjects: list[Subject] = []
    if step_id or step_name:
        subjects.append(Subject("step", step_id or step_name, run_id_name_or_prefix))
    elif run_id_name_or_prefix:
        subjects.append(Subject("run", str(run_id_name_or_prefix)))
    if infer_artifact:
        subjects.append(_output(artifact_name))
    elif artifact_version_id or artifact_name:
        subjects.append(Subject("artifact", artifact_version_id or artifact_name, artifact_version))
    if infer_model:
        subjects.append(_model(run, "log_metadata(infer_model=True)"))
    elif model_version_id or model_name:
        subjects.append(Subject("model", model_version_id or model_name, model_version))
    if len(subjects) > 1:
        raise ValueError(f"log_metadata() takes one target, not {' and '.join(each.kind for each in subjects)}")
    run.log_metadata(subjects[0] if subjects else Subject("step"), metadata)


def bulk_log_metadata(
    metadata: dict[str, MetadataType],
    pipeline_runs: list[Any] | None = None,
    step_runs: list[Any] | None = None,
    artifact_versions: list[Any] | None = None,
    model_versions: list[Any] | None = None,
    infer_models: bool = False,
    infer_artifacts: bool = False,
) -> None:
    """Record the same metadata of several things, each named by its id, its name, or an object that has one.

    Raises:
        RuntimeError: outside of a running step.
        ValueError: when nothing is named.
    """
    run = running("bulk_log_metadata()")
    groups = {"run": pipeline_runs, "step": step_runs, "artifact": artifact_versions, "model": model_versions}
    subjects = [_identified(kind, each) for kind, group in groups.items() for each in group or ()]
    if infer_models:
        subjects.append(_model(run, "bulk_log_metadata(infer_models=True)"))
    if infer_artifacts:
        subjects += [Subject("output", name) for name in run.outputs]
    if not subjects:
        raise ValueError("bulk_log_metadata() names nothing to record metadata of")
    for subject in subjects:
        run.log_metadata(subject, metadata)


def _identified(kind: str, thing: Any) -> Subject:
    if isinstance(thing, str):
        return Subject(kind, thing)
    name = getattr(thing, "id", None) or getattr(thing, "name", None)
    if name is None:
        raise ValueError(f"bulk_log_metadata(): {thing!r} has neither `id` nor `name`")
    return Subject(kind, str(name), getattr(thing, "version", None))


def log_step_metadata(
    metadata: dict[str, MetadataType],
    step_name: str | None = None,
    pipeline_name_id_or_prefix: str | None = None,
    run_id: str | None = None,
) -> None:
    """Record metadata of this step, or of another one; raises what `log_metadata` raises."""
    running("log_step_metadata()").log_metadata(Subject("step", step_name, run_id), metadata)


def log_artifact_metadata(
    metadata: dict[str, MetadataType], artifact_name: str | None = None, artifact_version: str | None = None
) -> None:
    """Record metadata of an output of this step, or of an artifact in the store.

    A name that is an output's means the output, unless a version is given.
    """
    run = running("log_artifact_metadata()")
    is_output = artifact_version is None and (artifact_name is None or artifact_name in run.outputs)
    subject = _output(artifact_name) if is_output else Subject("artifact", artifact_name, artifact_version)
    run.log_metadata(subject, metadata)


def log_model_metadata(
    metadata: dict[str, MetadataType], model_name: str | None = None, model_version: str | int | None = None
) -> None:
    """Record metadata of this step's model, or of the named one."""
    run = running("log_model_metadata()")
    subject = Subject("model", model_name, model_version) if model_name else _model(run, "log_model_metadata()")
    run.log_metadata(subject, metadata)


def save_artifact(  # noqa: PLR0913, PLR0917
    data: Any,
    name: str,
    version: str | int | None = None,
    artifact_type: ArtifactType | str | None = None,
    tags: list[str] | None = None,
    extract_metadata: bool = True,
    include_visualizations: bool = True,
    user_metadata: dict[str, MetadataType] | None = None,
    materializer: str | type[BaseMaterializer] | None = None,
    uri: str | None = None,
) -> ArtifactVersion:
    """Store a value under a name.

    Args:
        data: the value.
        name: its name.
        version: its version; counted up where none is given.
        artifact_type: what it is for.
        tags: its tags.
        extract_metadata: has no effect: the materializer decides.
        include_visualizations: has no effect: the materializer decides.
        user_metadata: metadata recorded with it.
        materializer: class that stores it, or its dotted name.
        uri: where to store it, below the artifact root.

    Raises:
        RuntimeError: outside of a running step.
    """
    return running("save_artifact()").save_artifact(
        data,
        name,
        version=version,
        artifact_type=artifact_type,
        tags=tags or (),
        metadata=user_metadata or {},
        materializer=materializer,
        uri=uri,
    )


def load_artifact(name_or_id: str, version: str | None = None) -> Any:
    """The value of an artifact in the store; the newest version by default.

    Raises:
        KeyError: when there is none.
        RuntimeError: outside of a running step.
    """
    return running("load_artifact()").find_artifact(str(name_or_id), version, None).load()


def register_artifact(
    folder_or_file_uri: str,
    name: str,
    version: str | int | None = None,
    artifact_type: ArtifactType | str | None = None,
    tags: list[str] | None = None,
    has_custom_name: bool = True,
    artifact_metadata: dict[str, MetadataType] | None = None,
) -> ArtifactVersion:
    """Name what already lies in the store.

    Args:
        folder_or_file_uri: where it lies.
        name: its name.
        version: its version; counted up where none is given.
        artifact_type: what it is for.
        tags: its tags.
        has_custom_name: a server's concern.
        artifact_metadata: metadata recorded with it.

    Raises:
        RuntimeError: outside of a running step.
    """
    return running("register_artifact()").register_artifact(
        folder_or_file_uri,
        name,
        version=version,
        artifact_type=artifact_type,
        tags=tags or (),
        metadata=artifact_metadata or {},
    )


def link_artifact_to_model(artifact_version: ArtifactVersion, model: Model | None = None) -> None:
    """Link an artifact to a model, this step's own by default."""
    running("link_artifact_to_model()").link_artifact(artifact_version, model)


def _tagged(
    what: str, artifact_name: str | None, artifact_version: str | None, infer_artifact: bool | None, **named: Any
) -> Subject:
    given = [Subject(kind, str(name)) for kind, name in named.items() if name is not None]
    if infer_artifact:
        given.append(_output(artifact_name))
    elif artifact_name is not None:
        given.append(Subject("artifact", artifact_name, artifact_version))
    if len(given) > 1:
        raise ValueError(f"{what} takes one target, not {' and '.join(each.kind for each in given)}")
    return given[0] if given else Subject("run")


def add_tags(  # noqa: PLR0913, PLR0917
    tags: str | Tag | Sequence[str | Tag],
    pipeline: str | None = None,
    run: str | None = None,
    run_template: str | None = None,
    snapshot: str | None = None,
    deployment: str | None = None,
    artifact: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | None = None,
    infer_artifact: bool | None = None,
) -> None:
    """Tag the run, or what the keywords name.

    Args:
        tags: one or more tags.
        pipeline: a pipeline.
        run: a run.
        run_template: a server's concern.
        snapshot: a server's concern.
        deployment: a server's concern.
        artifact: all versions of an artifact.
        artifact_version_id: an artifact by its id.
        artifact_name: an artifact by its name; with `infer_artifact` an output of this step.
        artifact_version: its version; the newest by default.
        infer_artifact: the output of this step.

    Raises:
        RuntimeError: outside of a running step.
        ValueError: when the keywords name two things.
    """
    current = running("add_tags()")
    _refuse_server("add_tags()", run_template=run_template, snapshot=snapshot, deployment=deployment)
    current.add_tags(
        _tagged(
            "add_tags()",
            artifact_name,
            artifact_version,
            infer_artifact,
            pipeline=pipeline,
            run=run,
            artifact=artifact or artifact_version_id,
        ),
        _texts(tags),
    )


def remove_tags(  # noqa: PLR0913, PLR0917
    tags: str | Sequence[str],
    pipeline: str | None = None,
    run: str | None = None,
    run_template: str | None = None,
    snapshot: str | None = None,
    deployment: str | None = None,
    artifact: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | None = None,
    infer_artifact: bool | None = None,
) -> None:
    """Remove tags; keywords and errors are those of `add_tags`."""
    current = running("remove_tags()")
    _refuse_server("remove_tags()", run_template=run_template, snapshot=snapshot, deployment=deployment)
    current.remove_tags(
        _tagged(
            "remove_tags()",
            artifact_name,
            artifact_version,
            infer_artifact,
            pipeline=pipeline,
            run=run,
            artifact=artifact or artifact_version_id,
        ),
        _texts(tags),
    )


def _refuse_server(what: str, **named: Any) -> None:
    for name, value in named.items():
        if value is not None:
            raise ValueError(f"{what}: `{name}` is a thing of a ZenML server, and pipec has none")


def _texts(tags: Any) -> list[str]:
    listed: list[Any] = [tags] if isinstance(tags, str) or hasattr(tags, "name") else list(tags)
    return [each if isinstance(each, str) else str(each.name) for each in listed]
