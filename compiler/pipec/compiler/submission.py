"""What `pipec submit` hands to a target: the files, the values of the run, and where the target's API is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.backend import GeneratedFile
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json


class SubmissionFailed(Exception):
    """The target cannot be reached, or it refuses what it was given; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One pipeline to hand over.

    Attributes:
        pipeline: after all passes.
        files: what was compiled for it, the main file first.
        parameters: the values that this run differs in, canonical JSON; defaults stand in `files`.
        server: address of the API; None where the target's own configuration says it.
        token: what the API is asked with, from `PIPEC_TOKEN`; None for none.
        namespace: where it runs; None for the target's own choice.
        run_name: the name of the run; a run of that name that is there already is that run. None for a new one.
        starts: whether a run is started once the files are there.
        waits: whether the run's end is waited for.
        takes_over: whether what something else has applied is taken over; else that is a `SubmissionFailed`.
        is_quiet: whether nothing is printed that is no fault.
    """

    pipeline: Pipeline
    files: Sequence[GeneratedFile]
    parameters: Mapping[str, Json]
    server: str | None
    token: str | None
    namespace: str | None
    run_name: str | None
    starts: bool
    waits: bool
    takes_over: bool
    is_quiet: bool


class Submitter(Protocol):
    """Hands compiled files to an engine. The module `registry.SUBMITTERS` names has it as `submit`."""

    def __call__(self, submission: Submission) -> bool:
        """Applies the files, starts the run and prints a line for each; False if a run that was waited for failed.

        Doing it again changes nothing, but for a further run where none is named.

        Raises:
            SubmissionFailed: see there.
        """
        ...
