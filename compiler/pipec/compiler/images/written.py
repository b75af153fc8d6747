"""Build contexts as folders: `pipec build --emit DIR`, for builders that pipec does not start (kaniko, buildah, a cloud's).

DIR/churn/Dockerfile             for BuildKit, kaniko, buildah
DIR/churn/Dockerfile.classic     for Docker's classic builder; not where a build secret is needed
DIR/churn/requirements/… code/pipec/…
DIR/churn-parent/Dockerfile …    the user's own Dockerfile and its context, where there is one
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.emit import MARK
from pipec.compiler.images.context import context_of
from pipec.compiler.images.dockerfile import needs_buildkit
from pipec.compiler.images.model import ContextFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipec.compiler.images.model import Image
    from pipec.compiler.images.plan import ImagePlan

PARENT = "-parent"
_NOTE = "pipec-context.txt"


def folders_of(plan: ImagePlan) -> dict[str, tuple[ContextFile, ...]]:
    """The files of every folder that is written, by the folder's name."""
    found: dict[str, tuple[ContextFile, ...]] = {}
    for image in plan.images:
        if image.recipe is None:
            continue
        found[image.name] = tuple(_files(plan, image))
        if image.parent is not None:
            text = image.parent.dockerfile.encode("utf-8", "surrogateescape")
            note = f"{MARK}{plan.code.source}: do not edit. Build it first, as {image.parent.reference}.\n"
            own = (ContextFile("Dockerfile", text), ContextFile(_NOTE, note.encode()))
            others = [one for one in image.parent.files if one.path not in {"Dockerfile", _NOTE}]
            found[f"{image.name}{PARENT}"] = (*own, *others)
    return found


def _files(plan: ImagePlan, image: Image) -> Iterable[ContextFile]:
    assert image.recipe is not None
    context = context_of(image, plan.code, "buildkit")
    yield ContextFile("Dockerfile", context.dockerfile.encode())
    if not needs_buildkit(image.recipe):
        yield ContextFile("Dockerfile.classic", context_of(image, plan.code, "classic").dockerfile.encode())
    yield from context.files


def write_contexts(directory: Path, plans: Sequence[ImagePlan]) -> tuple[list[Path], list[Diagnostic]]:
    """Writes the folders of all plans below `directory`, each at once; gives their paths.

    A folder of that name which pipec did not write is left alone (PC0508), and then nothing is written.

    Raises:
        OSError: the disk is full, a folder cannot be written to, ….
    """
    folders = {name: files for plan in plans for name, files in folders_of(plan).items()}
    foreign = [name for name in folders if not _is_ours(directory / name)]
    if foreign:
        help_ = "move it away, or choose another folder"
        return [], [
            Diagnostic("PC0508", f"`{name}` in the folder of contexts was not written by pipec", help=help_)
            for name in foreign
        ]
    directory.mkdir(parents=True, exist_ok=True)
    for name, files in folders.items():
        staged = directory / f".{name}.new"
        shutil.rmtree(staged, ignore_errors=True)
        try:
            for file in files:
                path = staged / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
                path.chmod(file.mode)
            shutil.rmtree(directory / name, ignore_errors=True)
            os.replace(staged, directory / name)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
    return [directory / name for name in folders], []


def _is_ours(folder: Path) -> bool:
    if not folder.exists():
        return True
    marked = [folder / name for name in ("Dockerfile", _NOTE) if (folder / name).is_file()]
    is_marked = any(MARK.encode() in one.read_bytes()[:256] for one in marked)
    return is_marked or (folder.is_dir() and not any(folder.iterdir()))
