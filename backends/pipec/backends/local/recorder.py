"""Keeps what happens in a run: in the journal first, then for the reporter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from pipec.backends.local import graph
from pipec.backends.local.journal import Entry
from pipec.backends.local.result import Failure
from pipec.compiler.ir.model import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipec.backends.local.attempts import Attempts, Outcome
    from pipec.backends.local.graph import Node
    from pipec.backends.local.journal import Journal


class Reporter(Protocol):
    """Shows a run to people while it goes on."""

    def started(self, instance: str, number: int, log: Path) -> None:
        """An attempt starts; its output grows in `log`."""
        ...

    def failed_attempt(self, instance: str, number: int, message: str, delay: float) -> None:
        """An attempt failed; the next one follows."""
        ...

    def ended(self, entry: Entry) -> None:
        """An instance is settled."""
        ...

    def tick(self) -> None:
        """Time has passed."""
        ...


class Silent:
    """Shows nothing."""

    def started(self, instance: str, number: int, log: Path) -> None:
        """Nothing."""

    def failed_attempt(self, instance: str, number: int, message: str, delay: float) -> None:
        """Nothing."""

    def ended(self, entry: Entry) -> None:
        """Nothing."""

    def tick(self) -> None:
        """Nothing."""


class RunRecorder:
    """The recorder of one run.

    Attributes:
        states: how each instance ended.
        failures: of the steps that failed.
    """

    def __init__(
        self,
        run: str,
        journal: Journal,
        attempts: Attempts,
        reporter: Reporter,
        number: Callable[[Node, int], int],
        known: Mapping[str, Entry],
    ) -> None:
        """`number` gives the number of an attempt in the store; `known` is what an earlier part of the run has done."""
        self.run, self.journal, self.attempts, self.reporter, self.number = run, journal, attempts, reporter, number
        self.known = known
        self.states: dict[str, str] = {}
        self.failures: list[Failure] = []
        self.entries: list[Entry] = []
        self.since: dict[str, float] = {}
        self.unwanted: list[Path] = []

    def started(self, node: Node, number: int) -> None:
        """An attempt starts."""
        number = self.number(node, number)
        self.since.setdefault(node.instance, time.monotonic())
        self.entries.append(Entry(node.instance, node.operation.id, "running", number))
        self.reporter.started(node.instance, number, self.attempts.log(node.instance, number))

    def failed_attempt(self, node: Node, number: int, outcome: Outcome, delay: float) -> None:
        """An attempt failed and another one follows."""
        self.reporter.failed_attempt(node.instance, self.number(node, number), outcome.message or "", delay)

    def ended(self, instance: str, operation: str, state: str, node: Node | None, outcome: Outcome | None) -> None:
        """An instance is settled."""
        self.states[instance] = state
        started = self.since.pop(instance, None)
        seconds = None if started is None else time.monotonic() - started
        number = 0 if node is None or not node.attempt else self.number(node, node.attempt)
        if not number and instance in self.known:
            number, seconds = self.known[instance].attempt, self.known[instance].seconds
        message = None if outcome is None else outcome.message
        outputs = node.outputs if node is not None and node.is_good else {}
        entry = Entry(instance, operation, state, number, seconds, None, outputs, message)
        self.entries.append(entry)
        is_kept = node is None or not isinstance(node.operation, Call) or _keeps_logs(node.operation)
        if not is_kept:
            self.unwanted += [self.attempts.log(instance, each) for each in range(1, number + 1)]
        if state == graph.FAILED and outcome is not None:
            log = str(self.attempts.log(instance, number)) if is_kept else ""
            self.failures.append(Failure(instance, operation, message or "", outcome.error, log))

    def beside(self, node: Node, outcome: Outcome) -> None:
        """What is no step ended (a hook of the run, an output), and does not count as one."""
        number = self.number(node, 1)
        self.entries.append(
            Entry(node.instance, node.operation.id, str(node.state), number, None, None, node.outputs, outcome.message)
        )

    def flush(self) -> None:
        """Commit, then report: what is reported is kept."""
        entries, self.entries = self.entries, []
        if entries:
            self.journal.put(self.run, *entries)
        for entry in entries:
            if entry.state != "running":
                self.reporter.ended(entry)
        self.reporter.tick()
        unwanted, self.unwanted = self.unwanted, []
        for log in unwanted:
            log.unlink(missing_ok=True)


def _keeps_logs(call: Call) -> bool:
    return call.config.toggles.get("enable_step_logs") is not False
