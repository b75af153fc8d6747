"""What a backend is: the protocol between the driver and whoever writes files for one orchestrator.

A backend never imports its orchestrator, never reads the user's project, and writes nothing: it turns a pipeline into
`GeneratedFile`s or says, as diagnostics at the user's line, why it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.images.model import StepImage
    from pipec.compiler.images.plan import ImagePlan
    from pipec.compiler.ir.features import Feature
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.project import Project
    from pipec.compiler.source import SourceFile


class Support(StrEnum):
    """How a target deals with a feature.

    `REFUSED` is an error at the line that asks for it. `IGNORED` is for what has no meaning on the target and changes no
    result (a note says so); a feature that would change what the program does is never `IGNORED`.
    """

    NATIVE = "native"
    EMULATED = "emulated"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of a ledger: how a feature is supported, and in a sentence how, or why not.

    `help` says what the user can do instead, if anything.
    """

    support: Support
    note: str = ""
    help: str = ""


Ledger = Mapping["Feature", Capability]
"""A backend's whole word on what it can do: one row for every `Feature` (a test holds this)."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a backend, set by `-O name=value` or `[tool.pipec.options.TARGET]`.

    Attributes:
        kind: `str`, `int`, `bool`; how the text of `-O` is read.
        choices: the legal values, if they are few.
    """

    name: str
    help: str
    default: str | int | bool | None = None
    kind: type[str] | type[int] | type[bool] = str
    choices: tuple[str, ...] = ()


Options = Mapping[str, str | int | bool | None]
"""The value of every option of the backend, defaults filled in and values checked by the driver."""


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file to write: its path below the output folder (forward slashes) and its text.

    Attributes:
        owns_folder: the path is that of a folder marker: the first path component is a folder that belongs to this
            output alone, and files in it that are not generated any more are removed.
    """

    path: str
    text: str
    owns_folder: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What the backend is asked for besides the pipeline.

    Attributes:
        options: the backend's options.
        source: path of the source file from the project root, for the header.
        command: the command that writes the same files again, for the header.
        images: the image of each call by its id, and under `images.model.EVERY_STEP` that of pipec's own small steps;
            empty where code travels inline.
    """

    source: str
    command: str
    options: Options = field(default_factory=lambda: {})
    images: Mapping[str, StepImage] = field(default_factory=lambda: {})


Model = TypeVar("Model")


class Backend(Protocol[Model]):
    """One target. `Model` is the backend's own form of the pipeline: legal names, planned data, ready to print."""

    @property
    def name(self) -> str:
        """What the user calls the target."""
        ...

    @property
    def title(self) -> str:
        """The product, for people: `Apache Airflow 3.0 to 3.3`."""
        ...

    @property
    def directory(self) -> str:
        """The default output folder, from the current one."""
        ...

    @property
    def options(self) -> tuple[Option, ...]:
        """The options it understands."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What it can do, for every feature."""
        ...

    def legalize(self, pipeline: Pipeline, request: Request) -> tuple[Model | None, Sequence[Diagnostic]]:
        """Gives every operation a legal name, plans where data travels and checks the target's limits.

        Returns None with at least one error where the target cannot take the pipeline.
        """
        ...

    def emit(self, model: Model, request: Request) -> Sequence[GeneratedFile]:
        """Prints the model. The main file comes first."""
        ...

    def check(self, files: Sequence[GeneratedFile]) -> Sequence[Diagnostic]:
        """Reads what `emit` gave with the target's own grammar; any finding is our own fault (PC09)."""
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """A pipeline to run, and where it comes from.

    Attributes:
        pipeline: after all passes.
        import_roots: the folders that the user's modules are imported from.
        source: `file.py:function`, from the project root.
        sources: the files that were read, by path from the project root, to show places with.
    """

    pipeline: Pipeline
    project: Project
    import_roots: tuple[Path, ...]
    source: str
    sources: Mapping[str, SourceFile] = field(default_factory=dict)


class Executor(Protocol):
    """The backend that runs pipelines instead of writing files. Each method carries out a command; its exit status."""

    @property
    def title(self) -> str:
        """What it is, for people."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What it can do, for every feature."""
        ...

    def run(self, program: Program, parsed: argparse.Namespace) -> int:
        """`pipec run`: 0 the run succeeded, 1 it cannot start, 2 wrong usage, 3 it failed."""
        ...

    def inspect(self, command: str, parsed: argparse.Namespace) -> int:
        """`pipec runs`, `models`, `artifacts`, `debug`: what looks into the store."""
        ...

    def states(self, program: Program, run: str, root: str | None) -> tuple[str, Mapping[str, str]] | Diagnostic:
        """The identity of a run of the program's pipeline and how each instance in it ended, or why there is none.

        Args:
            program: its project says where the store is.
            run: identity or name of the run, or the beginning of one; `latest` is the newest.
            root: the store, where the command line names one.
        """
        ...


class ImageBuilder(Protocol):
    """What builds images, pushes them, and notes their digests in `pipec.lock`."""

    def build(self, plans: Sequence[ImagePlan], project: Project, parsed: argparse.Namespace) -> int:
        """`pipec build`: 0 everything is built, 1 it cannot be or failed."""
        ...

    def states(self, plans: Sequence[ImagePlan]) -> Mapping[str, str]:
        """What registries say of each image, by its reference: for `pipec build --plan`, which starts no engine."""
        ...


class Verifier(Protocol):
    """Runs generated files without the engine that they are for."""

    def __call__(self, text: str, *, secrets: Mapping[str, Mapping[str, str]], is_quiet: bool) -> bool:
        """Runs one file and prints what became of it; gives whether it succeeded."""
        ...
