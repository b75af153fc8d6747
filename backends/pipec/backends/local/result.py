"""What a run gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.local.graph import Stored


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed, in the order of the definition.

    Attributes:
        instance: which.
        message: why, in a line.
        error: the error document; empty where its process died without a word.
        log: path of what it printed.
    """

    instance: str
    operation: str
    message: str
    error: Mapping[str, Any] = field(default_factory=dict[str, Any])
    log: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        run: its identity.
        state: `succeeded` or `failed`.
        operations: by instance: `succeeded`, `cached`, `failed`, `skipped` (by a condition), `upstream_failed` (something
            before it failed), `not_run` (the run was stopped before), `stopped` (while it ran).
        outputs: values of the pipeline's outputs by name, as far as they are plain data.
        stored: where those lie that are not.
        failures: in the order of the definition.
        folder: the run's folder in the store.
    """

    run: str
    state: str
    operations: Mapping[str, str]
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stored: Mapping[str, Stored] = field(default_factory=dict[str, Any])
    failures: tuple[Failure, ...] = ()
    folder: str = ""
    message: str | None = None
