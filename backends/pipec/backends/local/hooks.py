"""The hooks of a run: calls of their own around the graph, in processes like those of steps (DESIGN §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.backends.local.alone import run_alone
from pipec.backends.local.attempts import Invocation, Outcome
from pipec.backends.local.graph import Node, Scope
from pipec.backends.local.recipes import slot
from pipec.backends.local.result import Failure
from pipec.compiler.invocation import hook_invocation
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Block, Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.backends.local.processes import Processes
    from pipec.backends.local.recorder import RunRecorder
    from pipec.compiler.ir.config import Hook
    from pipec.compiler.ir.model import Pipeline

PREFIX = "hook."
STATE = "state"


class RunHooks:
    """The hooks of one run.

    Attributes:
        failures: of `on_init` and `on_start`, which fail the run.
    """

    def __init__(self, pipeline: Pipeline, processes: Processes, recorder: RunRecorder) -> None:
        """Nothing is called yet."""
        self.pipeline, self.processes, self.recorder = pipeline, processes, recorder
        self.failures: list[Failure] = []

    def before(self) -> bool:
        """Call `on_init`, whose value is the pipeline's state from now on, and `on_start`; whether both succeeded."""
        outcome = self._call("on_init", self.pipeline.config.hooks.on_init, ())
        if outcome is not None and outcome.message is None and STATE in outcome.outputs:
            self.processes.facts["state"] = slot(outcome.outputs[STATE])
        if outcome is None or outcome.message is None:
            self._call("on_start", self.pipeline.config.hooks.on_start, ())
        return not self.failures

    def after(self, is_good: bool, failures: Sequence[Failure]) -> None:
        """Call what follows the steps; `failures` are theirs, in the order of the definition."""
        hooks = self.pipeline.config.hooks
        documents = [_document(each) for each in failures]
        self._call("on_end", hooks.on_end, documents)
        if is_good:
            self._call("on_success", hooks.on_success, ())
        else:
            self._call("on_failure", hooks.on_failure, documents)
        self._call("on_cleanup", hooks.on_cleanup, documents)

    def _call(self, name: str, hook: Hook | None, failures: Sequence[Any]) -> Outcome | None:
        if hook is None:
            return None
        config = Config(environment=self.pipeline.config.environment, secrets=self.pipeline.config.secrets)
        call = Call(f"{PREFIX}{name}", hook.symbol, {}, self.pipeline.span, config)
        node = Node(call, Scope(Block()))
        invocation = Invocation(hook_invocation(name, hook), {})
        outcome = self._known(node, invocation) or run_alone(
            node, invocation, self.processes, self.recorder, failures=list(failures)
        )
        if outcome.message is not None and name in ("on_init", "on_start"):
            log = str(self.recorder.attempts.log(node.instance, 1))
            self.failures.append(Failure(node.instance, call.id, outcome.message, outcome.error, log))
        self.recorder.flush()
        return outcome

    def _known(self, node: Node, invocation: Invocation) -> Outcome | None:
        found = self.processes.find(node, invocation) if node.operation.id == f"{PREFIX}on_init" else None
        return None if found is None else Outcome(None, found.outputs)


def _document(failure: Failure) -> dict[str, Any]:
    """The error document of a failure; a step that died without a word gets one that says so."""
    if failure.error:
        return dict(failure.error)
    return {"step": failure.operation, "type": "unknown", "message": failure.message, "traceback": ""}
