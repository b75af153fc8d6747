"""One difference between two versions of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.source import Span


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was.

    Attributes:
        subject: the id of the operation that it is about; empty for the pipeline as a whole, its parameters and edges.
        kind: a stable word for machines: `retries`, `edge`, `step added`, …
        text: what became of it, to be read after the subject: `retries 0 → 2`.
        span: where the new version says so, else where the old one did.
        is_meaning: False where a run does the same: a docstring, a step whose code moved to another module.
    """

    subject: str
    kind: str
    text: str
    span: Span | None = None
    is_meaning: bool = True


@dataclass(frozen=True, slots=True)
class PipelineChanges:
    """What became of one pipeline between two versions of a project.

    Attributes:
        name: its name; in the new version, if it is there.
        source: the file, from the project root.
        state: `added`, `removed`, `changed` or `unchanged`.
        differences: what is different; empty for a pipeline that only one version has.
        unknown: why one of the two versions could not be compiled; empty where both could.
    """

    name: str
    source: str
    state: str
    differences: tuple[Difference, ...] = ()
    unknown: str = ""

    @property
    def means_another(self) -> bool:
        """Whether a run may do something else than before."""
        return (
            self.state in {"added", "removed"} or bool(self.unknown) or any(one.is_meaning for one in self.differences)
        )
