"""The executor of real runs: each attempt a process, its inputs and outputs in the store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pipec.backends.local.attempts import Outcome, job_of
from pipec.backends.local.graph import CACHED, SUCCEEDED
from pipec.backends.local.journal import StoreUnusable
from pipec.backends.local.plan import Found
from pipec.compiler.ir.model import Call
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.backends.local.attempts import Attempts, Invocation
    from pipec.backends.local.graph import Node
    from pipec.backends.local.journal import Entry
    from pipec.backends.local.reuse import Reuse
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
        reuse: the cache; None where no earlier result may be taken.
        earlier: what stands in for calls that are not selected, by instance.
        selected: ids of the calls that are to run; None for all.
    """

    def __init__(
        self,
        attempts: Attempts,
        workers: Workers,
        surroundings: Surroundings,
        known: Mapping[str, Entry],
        reuse: Reuse | None,
        earlier: Mapping[str, Entry] | None = None,
        selected: frozenset[str] | None = None,
    ) -> None:
        self.attempts, self.workers, self.surroundings, self.known = attempts, workers, surroundings, known
        self.reuse, self.earlier, self.selected = reuse, earlier or {}, selected
        self.facts: dict[str, Any] = {}
        self.imports_ahead = not any(_sets_variables(file.text) for file in attempts.pipeline.code)
        self.under_way: dict[str, tuple[Node, int, Invocation]] = {}

    def find(self, node: Node, invocation: Invocation) -> Found | None:
        """What the run has done before it was interrupted."""
        entry = self.known.get(node.instance)
        if entry is not None:
            if entry.state in (SUCCEEDED, CACHED):
                return Found(entry.state, entry.outputs)
            # It may have ended after the journal's last word.
            outcome = self.attempts.outcome(node, entry.attempt, invocation, None)
            if outcome.message is None:
                return Found(str(outcome.record["state"]), outcome.outputs)
        if self.selected is not None and node.operation.id not in self.selected:
            earlier = self.earlier.get(node.instance)
            return None if earlier is None else Found(CACHED, earlier.outputs)
        return self._reused(node, invocation)

    def _reused(self, node: Node, invocation: Invocation) -> Found | None:
        if self.reuse is None or "cache" not in invocation.spec or self._python(node) is not None:
            return None
        try:
            environment = self._environment(node)
        except MissingVariable:
            return None
        number = self.number(node, 1)
        document = self.attempts.document(node, number, invocation, self._facts(node))
        answer = self.reuse.ask(document, environment, self.attempts.log(node.instance, number))
        return None if answer.outputs is None else Found(CACHED, answer.outputs)

    def start(self, node: Node, number: int, invocation: Invocation, **facts: Any) -> str:
        """Fork the attempt; `facts` are further entries of its document."""
        number = self.number(node, number)
        environment, python = self._environment(node), self._python(node)
        # Where this process could ask the cache, it has.
        asks = self.reuse is not None and (python is not None or _asks_the_program(invocation))
        try:
            paths = self.attempts.prepare(node, number, invocation, {**self._facts(node), "cache": asks, **facts})
        except OSError as problem:
            raise StoreUnusable(f"{self.attempts.local} cannot be written: {problem}") from problem
        place = {"environment": environment, **({} if python is None else {"python": python})}
        job = job_of(node, number, invocation, paths, libraries=self._libraries(node), **place)
        self.under_way[job.id] = (node, number, invocation)
        self.workers.start(job)
        return job.id

    def _facts(self, node: Node) -> dict[str, Any]:
        extra = dict(node.operation.config.extra) if isinstance(node.operation, Call) else {}
        return {**self.facts, **({"extra": extra} if extra else {})}

    def _environment(self, node: Node) -> dict[str, str]:
        if isinstance(node.operation, Call):
            return self.surroundings.of(node.operation.config)
        return dict(self.surroundings.environment)

    def _libraries(self, node: Node) -> tuple[str, ...]:
        step = self.attempts.pipeline.steps.get(node.operation.step) if isinstance(node.operation, Call) else None
        return step.closure.imports if step is not None and self.imports_ahead else ()

    def _python(self, node: Node) -> str | None:
        pythons, call = self.surroundings.pythons, node.operation
        if not isinstance(call, Call):
            return pythons.get("*")
        name = call.step.rpartition(":")[2]
        return next((pythons[each] for each in (call.step, name, "*") if each in pythons), None)

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


def _asks_the_program(invocation: Invocation) -> bool:
    cache = invocation.spec.get("cache", {})
    return bool(cache.get("function") or cache.get("sources"))


def _sets_variables(text: str) -> bool:
    """Whether a module touches the environment at its top: what it imports may read it (`KERAS_BACKEND`)."""
    lines = (line for line in text.splitlines() if "environ" in line or "putenv" in line)
    return any(not line.startswith((" ", "\t")) for line in lines)
