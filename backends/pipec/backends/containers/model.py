"""What is built, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.images.model import ContextFile
    from pipec.compiler.ir.values import Json


@dataclass(frozen=True, slots=True)
class Build:
    """One build for an engine.

    Attributes:
        name: what people call the image.
        reference: what the engine calls it: `repository:tag`; None for what is only the beginning of another.
        dockerfile: its text.
        files: the context without the Dockerfile.
        path: what diagnostics call the Dockerfile.
        options: `DockerBuildOptions`, and `network_mode` and `platform` where they are asked for.
        secrets: files of build secrets by their ids.
    """

    name: str
    reference: str | None
    dockerfile: str
    files: tuple[ContextFile, ...]
    path: str
    options: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict[str, Path])


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for.

    Attributes:
        pushes: images are pushed.
        builder: `auto`, `classic` or `buildkit`.
        network: network mode of builds, above that of the settings.
        secrets: files of build secrets by their ids.
        is_smoke_tested: each built image is tried.
        updates_bases: registries are asked again for the digests of base images that `pipec.lock` pins.
        jobs: builds at a time.
    """

    pushes: bool = False
    builder: str = "auto"
    network: str | None = None
    secrets: Mapping[str, Path] = field(default_factory=dict[str, Path])
    is_smoke_tested: bool = True
    updates_bases: bool = False
    jobs: int = 2
