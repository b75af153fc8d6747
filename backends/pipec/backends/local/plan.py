"""What the scheduler is given: a plan, who carries attempts out, who keeps what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.backends.local.attempts import Invocation, Outcome
    from pipec.backends.local.graph import Node, Stored
    from pipec.compiler.ir.model import Pipeline


class Executor(Protocol):
    """Carries attempts out."""

    def find(self, node: Node, invocation: Invocation) -> Found | None:
        """What is known of a call without running it: a step that ended before a resumption, a cache hit."""
        ...

    def start(self, node: Node, number: int, invocation: Invocation) -> str:
        """Start an attempt; the name under which `poll` and `kill` know it. OSError where there is no process."""
        ...

    def poll(self, timeout: float | None) -> Iterator[tuple[str, Outcome]]:
        """Wait for attempts to end, for at most so many seconds."""
        ...

    def kill(self, name: str) -> None:
        """End an attempt; `poll` tells when it has ended."""
        ...


class Recorder(Protocol):
    """Keeps what happened, and shows it."""

    def started(self, node: Node, number: int) -> None:
        """An attempt starts."""
        ...

    def failed_attempt(self, node: Node, number: int, outcome: Outcome, delay: float) -> None:
        """An attempt failed, and another one follows after `delay` seconds."""
        ...

    def ended(self, instance: str, operation: str, state: str, node: Node | None, outcome: Outcome | None) -> None:
        """An instance is settled."""
        ...

    def flush(self) -> None:
        """Everything so far has to be kept before anything else happens."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A call that need not run: how it counts, and what it gave."""

    state: str
    outputs: Mapping[str, Stored]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, and how.

    Attributes:
        parameters: canonical JSON text by name.
        jobs: most attempts at once.
        timeout: seconds for the whole run.
        selected: ids of the calls that are to run; None for all. The others must be known to the executor.
    """

    pipeline: Pipeline
    parameters: Mapping[str, str]
    jobs: int
    timeout: float | None = None
    selected: frozenset[str] | None = None
