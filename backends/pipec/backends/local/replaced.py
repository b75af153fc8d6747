"""Functions in place of steps, for tests: called in this process, between the inputs and outputs of the step."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from pipec.backends.local.attempts import Invocation, Outcome
from pipec.backends.local.processes import Processes
from pipec.backends.local.workers import Ended
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.walk import calls
from pipec.compiler.record import replace
from pipec.runtime.execute import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipec.backends.local.graph import Node
    from pipec.backends.local.plan import Found
    from pipec.compiler.ir.model import Pipeline

_MODULE = "pipec_replaced_steps"


class Replaced:
    """The executor `processes`, but for calls whose step, or whose id, has a function of its own."""

    def __init__(self, processes: Processes, pipeline: Pipeline, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Checks the names.

        Raises:
            ValueError: a name is of no step that the pipeline calls.
        """
        self.processes, self.pipeline, self.functions = processes, pipeline, functions
        self.ended: list[tuple[str, Outcome]] = []
        known = {call.id for call in calls(pipeline.body)} | {step.name for step in pipeline.steps.values()}
        for name in functions:
            if name not in known:
                raise ValueError(
                    f"the pipeline `{pipeline.name}` calls no step `{name}`; it calls {', '.join(sorted(known))}"
                )

    def find(self, node: Node, invocation: Invocation) -> Found | None:
        """A call with a function of its own is always made."""
        return None if self._function(node) is not None else self.processes.find(node, invocation)

    def start(self, node: Node, number: int, invocation: Invocation) -> str:
        """Call the function, or start a process."""
        function = self._function(node)
        if function is None:
            return self.processes.start(node, number, invocation)
        name = f"{node.instance}#{number}"
        module = types.ModuleType(_MODULE)
        module.__dict__["function"] = function
        spec = {key: entry for key, entry in invocation.spec.items() if key not in ("cache", "hooks")}
        called = replace(invocation, spec={**spec, "function": f"{_MODULE}:function"})
        attempts = self.processes.attempts
        attempts.prepare(node, number, called, self.processes.facts)
        document = attempts.document(node, number, called, self.processes.facts)
        sys.modules[_MODULE] = module
        try:
            status = execute(document)
        finally:
            del sys.modules[_MODULE]
        self.ended.append((name, attempts.outcome(node, number, called, Ended(name, status))))
        return name

    def poll(self, timeout: float | None) -> Iterator[tuple[str, Outcome]]:
        """What has ended, here or elsewhere."""
        ended, self.ended = self.ended, []
        yield from ended
        if not ended:
            yield from self.processes.poll(timeout)

    def kill(self, name: str) -> None:
        """End a process."""
        self.processes.kill(name)

    def _function(self, node: Node) -> Callable[..., Any] | None:
        call = node.operation
        if not isinstance(call, Call):
            return None
        return self.functions.get(call.id) or self.functions.get(self.pipeline.steps[call.step].name)
