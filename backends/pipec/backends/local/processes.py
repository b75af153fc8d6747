"""The executor of real runs: each attempt a process, its inputs and outputs in the store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipec.backends.local.attempts import Outcome, job_of
from pipec.backends.local.graph import CACHED, SUCCEEDED
from pipec.backends.local.scheduler import Found
from pipec.compiler.ir.model import Call
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.backends.local.attempts import Attempts, Invocation
    from pipec.backends.local.graph import Node
    from pipec.backends.local.journal import Entry
    from pipec.backends.local.workers import Workers
    from pipec.compiler.ir.config import Config


class MissingVariable(OSError):
    """A step's environment refers to a variable that is not set here."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps find around them.

    Attributes:
        secrets: variables by name of the secret.
        environment: of every step of the run.
        pythons: interpreter by step name or symbol; `*` for all others.
    """

    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    pythons: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, config: Config) -> dict[str, str]:
        """The variables of a step, over those of this process.

        Raises:
            MissingVariable: one that it takes from here is not set.
        """
        found = dict(self.environment)
        for secret in config.secrets:
            found |= self.secrets.get(secret, {})
        for name, value in config.environment.items():
            if isinstance(value, str):
                found[name] = value
                continue
            source = str(value.query["name"])
            default = value.query.get("default")
            text = os.environ.get(source, default if isinstance(default, str) else None)
            if text is None:
                raise MissingVariable(f"`{name}` of its environment is `{source}` of yours, which is not set")
            found[name] = text
        return found


class Processes:
    """Attempts as processes.

    Args:
        attempts: where they lie.
        workers: what starts them.
        surroundings: environment, secrets, interpreters.
        known: what a run that goes on has done already, by instance.
    """

    def __init__(
        self, attempts: Attempts, workers: Workers, surroundings: Surroundings, known: Mapping[str, Entry]
    ) -> None:
        self.attempts, self.workers, self.surroundings, self.known = attempts, workers, surroundings, known
        self.under_way: dict[str, tuple[Node, int, Invocation]] = {}

    def find(self, node: Node, invocation: Invocation) -> Found | None:
        """What the run has done before it was interrupted."""
        entry = self.known.get(node.instance)
        if entry is None:
            return None
        if entry.state in (SUCCEEDED, CACHED):
            return Found(entry.state, entry.outputs)
        # It may have ended after the journal's last word.
        outcome = self.attempts.outcome(node, entry.attempt, invocation, None)
        return Found(SUCCEEDED, outcome.outputs) if outcome.message is None else None

    def start(self, node: Node, number: int, invocation: Invocation) -> str:
        """Fork the attempt."""
        number = self.number(node, number)
        call = node.operation
        environment = dict(self.surroundings.environment)
        python: dict[str, str] = {}
        if isinstance(call, Call):
            environment = self.surroundings.of(call.config)
            chosen = self.surroundings.pythons.get(call.step.rpartition(":")[2], self.surroundings.pythons.get("*"))
            python = {} if chosen is None else {"python": chosen}
        paths = self.attempts.prepare(node, number, invocation, {})
        job = job_of(node, number, invocation, paths, environment=environment, **python)
        self.under_way[job.id] = (node, number, invocation)
        self.workers.start(job)
        return job.id

    def number(self, node: Node, number: int) -> int:
        """The number of an attempt in the store: those of an interrupted run before it count."""
        entry = self.known.get(node.instance)
        return number if entry is None else number + entry.attempt

    def poll(self, timeout: float | None) -> Iterator[tuple[str, Outcome]]:
        """The attempts that have ended."""
        for ended in self.workers.poll(timeout):
            node, number, invocation = self.under_way.pop(ended.job)
            yield ended.job, self.attempts.outcome(node, number, invocation, ended)

    def kill(self, name: str) -> None:
        """End an attempt."""
        self.workers.kill(name)
