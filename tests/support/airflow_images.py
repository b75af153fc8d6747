"""DAG files whose steps run in images, and the images, built by hand: the backend is on trial here, not the builder."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_programs import HERE, OPTIONS
from pipec.backends.airflow import backend
from pipec.compiler.backend import Request
from pipec.compiler.code_root import assemble_all
from pipec.compiler.driver import compile
from pipec.compiler.images.choice import without_docker
from pipec.compiler.images.model import EVERY_STEP, StepImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from containers import Containers
    from pipec.compiler.backend import GeneratedFile
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline

IMAGE = "registry.example/team/pods@sha256:" + "0123456789abcdef" * 4


def pods() -> Pipeline:
    """The program that asks for all that a pod can have."""
    compilation = compile(HERE / "images/programs/pods.py", None)
    (pipeline,) = compilation.pipelines
    return pipeline


def in_images(
    pipeline: Pipeline, images: Mapping[str, StepImage] | None = None, **options: Any
) -> tuple[list[GeneratedFile], list[Diagnostic]]:
    """The files of a pipeline whose steps run in images, none where it has errors, and what was found."""
    chosen = images or {EVERY_STEP: StepImage(IMAGE)}
    command = "pipec compile pipelines/x.py --target airflow -O code=image"
    request = Request("pipelines/x.py", command, {**OPTIONS, "code": "image", **options}, chosen)
    model, found = backend.legalize(without_docker(pipeline), request)
    if model is None:
        return [], list(found)
    files = list(backend.emit(model, request))
    assert list(backend.check(files)) == []
    return files, list(found)


def write(files: list[GeneratedFile], folder: Path) -> Path:
    """Writes files below a folder, which is returned."""
    for file in files:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.text, encoding="utf-8")
    return folder


def build(containers: Containers, pipeline: Pipeline, folder: Path, variables: Mapping[str, str]) -> StepImage:
    """An image with the code root of a pipeline and some variables."""
    for file in assemble_all(pipeline):
        place = folder / "code" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.text, encoding="utf-8")
    lines = [
        f"FROM {containers.base}",
        "COPY code /pipec",
        *(f'ENV {name}="{text}"' for name, text in variables.items()),
    ]
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    reference = f"pipec-airflow/{uuid.uuid4().hex}:1"
    containers.docker("build", "-q", "-t", reference, str(folder))
    return StepImage(reference)
