"""The backend: legalises, prints, and reads back what it printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code, names
from pipec.backends.kubeflow.ledger import LEDGER
from pipec.backends.kubeflow.limits import DEFAULT_IMAGE, faults_of, notes_of, program_fault
from pipec.backends.kubeflow.plan import Plan, any_lacks_code, plan
from pipec.backends.kubeflow.spec import SCHEMA_VERSION, pipeline_spec, platform_spec
from pipec.compiler.backend import GeneratedFile, Ledger, Option, Request
from pipec.compiler.code_root import ReservedName, user_files
from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.emit import header
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.values import Output
from pipec.compiler.packed_runtime import packed_runtime
from pipec.compiler.passes.name_secrets import name_secrets
from pipec.compiler.yaml_text import document, documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.model import Pipeline

SCHEDULE_SUFFIX = ".schedule.yaml"
SCHEDULE_NOTE = ("A recurring run, for KFP's API: POST /apis/v2beta1/recurringruns with `pipeline_version_reference`.",)


class KubeflowBackend:
    """Kubeflow Pipelines 2: one PipelineSpec, with a platform document where a step needs Kubernetes settings."""

    name = "kubeflow"
    title = "Kubeflow Pipelines 2"
    directory = "kubeflow"
    options: tuple[Option, ...] = (
        Option(
            "code",
            "how code travels: `image`, or `inline` in the generated files; by default what the Docker settings ask for",
            choices=("inline", "image"),
        ),
        Option("image", "image of every step whose Docker settings name none", DEFAULT_IMAGE),
        Option(
            "requirements",
            "what a step does about the distributions that it imports",
            "install",
            choices=("install", "none"),
        ),
        Option("artifact_root", "the store for look-ups, names, models and our own cache: an fsspec URL"),
        Option("artifact_secret", "the secret with the credentials of the artifact root"),
    )
    ledger: Ledger = LEDGER

    def legalize(self, pipeline: Pipeline, request: Request) -> tuple[Plan | None, Sequence[Diagnostic]]:
        """See `Backend.legalize`."""
        named, renamed = name_secrets(pipeline)
        model, found = self._legalize(named, request)
        return model, [*renamed, *found]

    def _legalize(self, pipeline: Pipeline, request: Request) -> tuple[Plan | None, Sequence[Diagnostic]]:
        """See `Backend.legalize`."""
        found = list(faults_of(pipeline, request.options))
        name = names.pipeline_name(pipeline.name)
        if not name:
            message = f"the name `{pipeline.name}` has none of the letters and digits that Kubeflow takes"
            found.append(Diagnostic("PC0406", message, pipeline.span, help="give the pipeline a `name=`"))
        if has_errors(found):
            return None, found
        settled, keeps, images, faults = _settled(pipeline, request.images)
        program = ""
        if any_lacks_code(settled, images):
            try:
                program = code.program(packed_runtime("kubeflow"), user_files(pipeline))
            except ReservedName as problem:
                return None, [*found, Diagnostic("PC0208", str(problem), pipeline.span)]
            if (fault := program_fault(pipeline, program)) is not None:
                return None, [*found, fault]
        found += [*faults, *notes_of(pipeline, request, program)]
        return plan(settled, keeps, name, program, request.options, images), found

    def emit(self, model: Plan, request: Request) -> Sequence[GeneratedFile]:
        """See `Backend.emit`."""
        texts = [document(pipeline_spec(model, request.options), header(request, model.pipeline))]
        platform = platform_spec(model, request.options)
        if platform is not None:
            texts.append(document(platform))
        stem = model.pipeline.symbol.rpartition(":")[2]
        files = [GeneratedFile(f"{stem}.yaml", documents(texts))]
        if model.pipeline.schedule is not None:
            from pipec.backends.kubeflow.schedule import recurring_run

            lines = (*header(request, model.pipeline), *SCHEDULE_NOTE)
            run = recurring_run(model.pipeline, model.pipeline.schedule)
            files.append(GeneratedFile(f"{stem}{SCHEDULE_SUFFIX}", document(run, lines)))
        return files

    def check(self, files: Sequence[GeneratedFile]) -> Sequence[Diagnostic]:
        """See `Backend.check`."""
        return [fault for file in files if not file.path.endswith(SCHEDULE_SUFFIX) for fault in _misreadings(file)]


def _settled(
    pipeline: Pipeline, images: Mapping[str, StepImage]
) -> tuple[Pipeline, frozenset[str], Mapping[str, StepImage], Sequence[Diagnostic]]:
    """The pipeline in the form that KFP can carry; see `joins.settle` and `equipment`, which most pipelines do not need."""
    is_plain = all(isinstance(operation, Call) for operation in pipeline.body.operations)
    if is_plain and all(isinstance(output.value, Output) for output in pipeline.outputs):
        return pipeline, frozenset(), images, ()
    from pipec.backends.kubeflow.conditions import native_conditions
    from pipec.backends.kubeflow.equipment import equipped
    from pipec.backends.kubeflow.joins import settle
    from pipec.compiler.gates import insert_gates

    settled, keeps = settle(insert_gates(pipeline, is_native_condition=native_conditions(pipeline)))
    settled, images, faults = equipped(settled, images)
    return settled, keeps, images, faults


def _misreadings(file: GeneratedFile) -> list[Diagnostic]:
    """What is wrong with a file as a YAML reader sees it: its syntax, its version, references that lead nowhere."""
    from pipec.backends.kubeflow.references import loose_ends
    from pipec.compiler.yaml_reader import read_back

    try:
        spec, *_ = read_back(file.text)
    except ValueError as problem:
        return [_fault(file, f"is not YAML: {problem}")]
    if spec.get("schemaVersion") != SCHEMA_VERSION:
        return [_fault(file, "has no legal `schemaVersion`")]
    return [_fault(file, what) for what in loose_ends(spec)]


def _fault(file: GeneratedFile, what: str) -> Diagnostic:
    return Diagnostic("PC0902", f"{file.path} {what}")


backend = KubeflowBackend()
