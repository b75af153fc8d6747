"""The images that steps run in, and how a generated file names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Json

CODE_ROOT = "/pipec"
"""Where the code root lies in an image that pipec built: a step starts as `python -I /pipec ADAPTER …`."""


@dataclass(frozen=True, slots=True)
class StepImage:
    """The image that a step runs in.

    Attributes:
        reference: `registry/repository@sha256:…`, or `registry/repository:tag` while nobody has pushed it.
        has_code: whether the code root lies in it, at `CODE_ROOT`. An image that is used as it is (`skip_build`) has none:
            there the code travels as it does inline, into that image.
        python: the interpreter in it.
    """

    reference: str
    has_code: bool = True
    python: str = "python"


EVERY_STEP = "*"
"""The key of the image for what is no step of the user's: gates, joins, the hooks of a run."""


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One file of a build context: its path in it (forward slashes), its bytes, and whether it may be executed."""

    path: str
    data: bytes
    is_executable: bool = False

    @property
    def mode(self) -> int:
        """Its permissions in the context."""
        return 0o755 if self.is_executable else 0o644


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """A file that the installer reads.

    Attributes:
        name: its path below `requirements/` in the context.
        text: what stands in it.
        is_hashed: every line pins a hash, so that the installer must get it alone.
        is_included: another file includes it; the installer is not told of it.
    """

    name: str
    text: str
    is_hashed: bool = False
    is_included: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Requirements that a command exports from a `pyproject.toml` while the image is built.

    Attributes:
        command: words of the command, which prints the requirements; `{directory}` stands for the folder of the files.
        tools: distributions that the command needs.
        files: `pyproject.toml` and the lock files beside it.
    """

    command: str
    tools: tuple[str, ...]
    files: tuple[ContextFile, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """Where distributions come from, other than the installer's own index.

    Attributes:
        url: in the place of that index.
        extra: further indexes.
        secret: the build secret with a netrc file that opens them.
    """

    url: str | None = None
    extra: tuple[str, ...] = ()
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """An image that the user's own Dockerfile makes, on which the image of a step is built.

    Attributes:
        reference: what it is called: `repository:parent-` and a content tag.
        dockerfile: its text.
        files: the context without the Dockerfile; what `.dockerignore` names is left out.
        options: `DockerBuildOptions` as plain JSON.
        path: the Dockerfile's, from the project root.
    """

    reference: str
    dockerfile: str
    files: tuple[ContextFile, ...]
    path: str = "Dockerfile"
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what is in an image. Two steps with equal recipes share one.

    Attributes:
        base: the image it is built on, `python:3.12-slim`, with `@sha256:…` where `pipec.lock` pins it.
        python: the interpreter in it.
        packages: Debian packages.
        environment: variables set before packages are installed.
        runtime_environment: variables set after that.
        build_arguments: values of `ARG` lines.
        installer: `uv` or `pip`.
        installer_arguments: further words for it.
        cache_mount: the mount for its cache, `type=cache,target=…`; None for the usual one.
        requirements: what is installed.
        export: requirements that are exported from a `pyproject.toml` first.
        index: where they come from.
        project: files of the project that lie in the work folder, for `install_command`.
        install_command: what installs the project.
        user: who owns the work folder and runs the step.
        labels: further labels.
        platform: `linux/arm64`, if one is asked for.
        has_code: whether the code root lies in it.
    """

    base: str
    python: str = "python"
    packages: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    runtime_environment: tuple[tuple[str, str], ...] = ()
    build_arguments: tuple[tuple[str, str], ...] = ()
    installer: str = "uv"
    installer_arguments: tuple[str, ...] = ()
    cache_mount: str | None = None
    requirements: tuple[RequirementsFile, ...] = ()
    export: Export | None = None
    index: Index = field(default_factory=Index)
    project: tuple[ContextFile, ...] = ()
    install_command: str | None = None
    user: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    has_code: bool = True


@dataclass(frozen=True, slots=True)
class Image:
    """One image to build, or one that is used as it is.

    Attributes:
        name: what people call it: the pipeline, and the first step where there are several images. Names its folder.
        repository: where it is pushed, with the registry.
        tag: the content tag: the same on every machine, another one when an input changes.
        calls: the ids of the calls that run in it, `EVERY_STEP` among them.
        recipe: what is in it; None for one that is used as it is (`skip_build`), whose `repository` is its reference.
        parent: an image that is built first.
        alias: a further tag, which the program asks for (`image_tag`).
        is_reused: False where it is to be built even if the registry has it (`prevent_build_reuse`).
        options: `DockerBuildOptions` as plain JSON, but what the recipe has taken from it.
        why: what tells it from the pipeline's other images, for people.
    """

    name: str
    repository: str
    tag: str
    calls: tuple[str, ...]
    recipe: Recipe | None
    parent: Parent | None = None
    alias: str | None = None
    is_reused: bool = True
    options: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""

    @property
    def reference(self) -> str:
        """What the image is called once it is built: `registry/repository:tag`."""
        return self.repository if self.recipe is None else f"{self.repository}:{self.alias or self.tag}"
