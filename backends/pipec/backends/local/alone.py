"""One attempt outside of the graph: a hook of the run, or an output that only a process of the steps' kind can compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.backends.local.attempts import Outcome, value_gate
from pipec.backends.local.graph import FAILED, SUCCEEDED, Element, Node, Stored
from pipec.backends.local.result import Failure
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.local.attempts import Invocation
    from pipec.backends.local.processes import Processes
    from pipec.backends.local.recorder import RunRecorder
    from pipec.compiler.ir.model import Pipeline


def run_alone(node: Node, invocation: Invocation, processes: Processes, recorder: RunRecorder, **facts: Any) -> Outcome:
    """Run an attempt and wait for its end; `facts` are further entries of its document."""
    node.attempt = 1
    recorder.started(node, 1)
    try:
        name = processes.start(node, 1, invocation, **facts)
    except OSError as problem:
        outcome = Outcome(f"no process can be started: {problem}")
    else:
        outcome = _wait(name, processes, recorder)
    node.outputs = outcome.outputs
    node.state = SUCCEEDED if outcome.message is None else FAILED
    recorder.beside(node, outcome)
    return outcome


def _wait(name: str, processes: Processes, recorder: RunRecorder) -> Outcome:
    while True:
        for ended, outcome in processes.poll(0.2):
            if ended == name:
                return outcome
        recorder.flush()


def compute_alone(
    pipeline: Pipeline,
    processes: Processes,
    recorder: RunRecorder,
    parameters: Mapping[str, str],
    name: str,
    element: Element,
) -> Stored | Failure:
    """The output `name` of the pipeline, put together by a process of its own."""
    config = Config(environment=pipeline.config.environment)
    node = Node(Call(f"output.{name}", "", {}, pipeline.span, config), element.scope)
    outcome = run_alone(node, value_gate(element, parameters), processes, recorder)
    recorder.flush()
    if outcome.message is not None:
        return Failure(node.instance, name, outcome.message, outcome.error)
    return outcome.outputs["output"]
