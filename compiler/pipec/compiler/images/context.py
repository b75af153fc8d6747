"""The build context of an image: its Dockerfile and the files that it copies, the same bytes on every machine.

    Dockerfile
    requirements/…     what is installed
    project-files/…    a `pyproject.toml` and its lock, for an export
    project/…          the project, where a command installs it
    code/pipec/…       the code root: the closures, pipec's runtime with every adapter, `__main__.py`

This is the seam to what builds: files are sorted by path, and who packs them gives each file its `mode`, each folder 755, and
all of them owner 0 and time 0. Then the layer of the code root has the same digest whoever builds it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipec.compiler.code_root import assemble_all
from pipec.compiler.digest import sha256
from pipec.compiler.images.dockerfile import Form, dockerfile
from pipec.compiler.images.model import CODE_ROOT, ContextFile
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.images.model import Image, Recipe
    from pipec.compiler.ir.model import Pipeline

TAG_LENGTH = 16
"""Hexadecimal digits of a content tag."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code root of a pipeline as files of a context, and what their labels say.

    Attributes:
        files: below `code/pipec/`, sorted.
        digest: of all of them, `sha256:…`.
        pipeline: the pipeline's name.
        source: the file and function that it comes from, for people.
    """

    files: tuple[ContextFile, ...]
    digest: str
    pipeline: str
    source: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a builder gets for one image."""

    dockerfile: str
    files: tuple[ContextFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.data) for file in self.files)


def code_of(pipeline: Pipeline) -> Code:
    """The code root that lies in the images of a pipeline.

    Raises:
        ReservedName: a module of the user has a name of the code root's own.
    """
    files = tuple(
        ContextFile(f"code{CODE_ROOT}/{one.path}", one.text.encode("utf-8", "surrogatepass"))
        for one in assemble_all(pipeline)
    )
    return Code(
        files, f"sha256:{digest_of(files)}", pipeline.name, f"{pipeline.span.path} (pipeline `{pipeline.name}`)"
    )


def context_of(image: Image, code: Code, form: Form) -> Context:
    """The context of an image that is built.

    Raises:
        ValueError: the image is used as it is, or needs BuildKit and `form` is `classic`.
    """
    recipe = image.recipe
    assert recipe is not None, "an image that is used as it is has no context"
    files = [*_files(recipe), *(code.files if recipe.has_code else ())]
    text = dockerfile(image, form, code.source, _labels(image, recipe, code))
    return Context(text, tuple(sorted(files, key=lambda one: one.path)))


def _files(recipe: Recipe) -> Iterable[ContextFile]:
    for one in recipe.requirements:
        yield ContextFile(f"requirements/{one.name}", one.text.encode())
    for folder, files in (("project-files", recipe.export.files if recipe.export else ()), ("project", recipe.project)):
        for file in files:
            yield ContextFile(f"{folder}/{file.path}", file.data, file.is_executable)


def _labels(image: Image, recipe: Recipe, code: Code) -> list[tuple[str, str]]:
    """Annotations of the Open Container Initiative where it has a word, and pipec's own."""
    from pipec.compiler.version import __version__

    base, _, digest = (image.parent.reference if image.parent is not None else recipe.base).partition("@")
    found = [("org.opencontainers.image.title", code.pipeline), ("org.opencontainers.image.base.name", base)]
    if digest:
        found.append(("org.opencontainers.image.base.digest", digest))
    if recipe.has_code:
        found.append(("pipec.source-digest", code.digest))
    return [*found, ("pipec.version", __version__)]


def tag_of(image: Image, code: Code) -> str:
    """The content tag: a digest of the Dockerfile, the files beside it, and the options of the build that show in the result.

    The form for BuildKit counts for both: a tag says what is in an image, not who built it.
    """
    recipe = image.recipe
    assert recipe is not None, "an image that is used as it is has no tag"
    context = context_of(image, code, "buildkit")
    options = {name: value for name, value in image.options.items() if name in _SHOWING}
    head = json.dumps([context.dockerfile, recipe.platform, options], sort_keys=True)
    return _digest([("", head.encode()), *_parts(context.files)])[:TAG_LENGTH]


_SHOWING = ("target", "squash")
"""Options of a build that can change what is in the image; the others change how it is made."""


def layers_of(image: Image) -> str:
    """A digest of all that the dependency layers are made from: what a change of code leaves as it is."""
    recipe = image.recipe
    assert recipe is not None, "an image that is used as it is has no layers of ours"
    text = dockerfile(image, "buildkit", "").partition("\nCOPY code/")[0]
    return _digest([("", text.encode()), *_parts(_files(recipe))])[:TAG_LENGTH]


def digest_of(files: Iterable[ContextFile]) -> str:
    """Of paths, modes and bytes, hexadecimal."""
    return _digest(_parts(files))


def _parts(files: Iterable[ContextFile]) -> list[tuple[str, bytes]]:
    ordered = sorted(files, key=lambda one: one.path)
    return [(f"{one.mode:o} {one.path}", one.data) for one in ordered]


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    state = sha256()
    for name, data in parts:
        for raw in (name.encode("utf-8", "surrogatepass"), data):
            state.update(len(raw).to_bytes(8, "big") + raw)
    return str(state.hexdigest())
