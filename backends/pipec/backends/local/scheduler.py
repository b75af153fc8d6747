"""Runs the graph: what can run runs, as many at once as allowed; what fails fails what depends on it, and the run.

Nothing here starts a process or stores a value: an `Executor` carries attempts out, a `Recorder` keeps what happened.
All of it happens in one thread; every change goes through one queue, so that no chain of operations is a recursion.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from pipec.backends.local import graph
from pipec.backends.local.attempts import Invocation, Outcome, condition_gate, invocation_of, items_gate
from pipec.backends.local.graph import Blocked, Element, Indexed, Node, Scope, blockers, instance_name, needed
from pipec.backends.local.recipes import Evaluator, NotPlain
from pipec.backends.local.timers import Timers
from pipec.compiler.ir.config import Retry
from pipec.compiler.ir.model import Block, Call, ForEach, Group, If
from pipec.compiler.ir.values import ListOf
from pipec.compiler.ir.walk import bodies, calls, operations
from pipec.compiler.record import dataclass
from pipec.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipec.backends.local.graph import Binding
    from pipec.backends.local.plan import Executor, Plan, Recorder


@dataclass(slots=True)
class _Loop:
    """How far an open loop is."""

    scopes: list[Scope]
    next: int = 0


@dataclass(slots=True)
class _Running:
    """An attempt under way."""

    node: Node
    number: int
    invocation: Invocation
    is_late: bool = False
    is_stopped: bool = False


_NO_RETRY = Retry(0)
_TICK = 0.1


class Scheduler:
    """One run."""

    def __init__(self, plan: Plan, executor: Executor, recorder: Recorder, evaluator: Evaluator) -> None:
        """`evaluator` computes conditions and items of plain data."""
        self.plan, self.executor, self.recorder, self.evaluator = plan, executor, recorder, evaluator
        self.body = Scope(plan.pipeline.body)
        self.queue: deque[Callable[[], None]] = deque()
        self.ready: list[tuple[int, Node, Invocation]] = []
        self.order = itertools.count()
        self.running: dict[str, _Running] = {}
        self.timers = Timers()
        self.loops: dict[Node, _Loop] = {}
        self.held: set[Node] = set()
        self.is_stopping = False
        self.has_failed = False
        self.message: str | None = None
        self.mode = plan.pipeline.config.execution_mode or "continue_on_failure"
        self.limit = max(1, min(plan.jobs, plan.pipeline.config.max_parallelism or plan.jobs))

    def run(self) -> bool:
        """Run to the end; whether everything succeeded."""
        if self.plan.timeout is not None:
            self.timers.set(self.plan.timeout, self._run_is_late)
        self._activate(self.body)
        while True:
            self._drain()
            self._launch()
            self._drain()
            self.recorder.flush()
            # What is held is ready, runs, or waits for its next attempt.
            if not self.running and (self.is_stopping or not self.held):
                break
            self._wait()
        self._rest()
        self.recorder.flush()
        return not self.has_failed

    def stop(self, message: str) -> None:
        """Start nothing more and end what runs."""
        self.has_failed, self.is_stopping = True, True
        self.message = self.message or message
        for name, running in self.running.items():
            running.is_stopped = True
            self.executor.kill(name)

    def skip(self) -> None:
        """Nothing of the run is to start."""
        self.has_failed, self.is_stopping = True, True
        self._rest()
        self.recorder.flush()

    # What happens next

    def _drain(self) -> None:
        while self.queue:
            self.queue.popleft()()

    def _wait(self) -> None:
        waits = [each for each in (_TICK if self.running else None, self.timers.wait()) if each is not None]
        for name, outcome in self.executor.poll(min(waits, default=None)):
            running = self.running.pop(name, None)
            if running is not None:
                self.queue.append(partial(self._ended, running, outcome))
        self.queue.extend(self.timers.due())

    def _run_is_late(self) -> None:
        self.stop(f"the run took longer than {self.plan.timeout:g} seconds")

    # Scopes and nodes

    def _activate(self, scope: Scope) -> None:
        scope.is_active = True
        for node in scope.nodes.values():
            self._again(node)
        if not scope.nodes:
            self._completed(scope)

    def _again(self, node: Node) -> None:
        self.queue.append(lambda: self._consider(node))

    def _consider(self, node: Node) -> None:
        """Wait for what is missing; go on if nothing is."""
        if node.state is not None or node.is_open or node in self.held:
            return
        try:
            waits = self._waits(node)
        except Blocked as blocked:
            if blocked.state == graph.STOPPED:
                return  # as the run is
            self._settle(node, graph.UPSTREAM_FAILED if self._is_selected(node) else graph.NOT_RUN)
            return
        node.pending = len(waits)
        for other, until_settled in waits.items():
            other.listeners.append((node, until_settled))
        if not waits and not self.is_stopping:
            self._proceed(node)

    def _waits(self, node: Node) -> dict[Node, bool]:
        waits = blockers([Element(value, node.scope) for value in needed(node)])
        for id_ in node.operation.after:
            other = node.scope.find(id_)
            if other.state is None:
                waits[other] = True
            elif not other.is_good:
                raise Blocked(other.state)
        return waits

    def _tell(self, node: Node, is_settled: bool) -> None:
        """Wake those that waited for this node."""
        kept: list[tuple[Node, bool]] = []
        for listener, until_settled in node.listeners:
            if until_settled and not is_settled:
                kept.append((listener, until_settled))
                continue
            listener.pending -= 1
            if listener.pending <= 0 or (is_settled and not node.is_good):
                self._again(listener)
        node.listeners = kept

    def _proceed(self, node: Node) -> None:
        match node.operation:
            case Call() as call:
                self._call(node, call)
            case If() as branch:
                self._decide(node, branch)
            case ForEach() as loop:
                self._items(node, loop)
            case Group(body=body):
                self._open(node, [Scope(body, node.scope, node)])

    def _open(self, node: Node, scopes: list[Scope]) -> None:
        node.inner, node.is_open, node.unsettled = scopes, True, len(scopes)
        self.held.discard(node)
        self._tell(node, is_settled=False)
        if not scopes:
            self._settle(node, graph.SUCCEEDED)
            return
        loop = self.loops[node] = _Loop(scopes)
        at_once = node.operation.max_parallelism if isinstance(node.operation, ForEach) else None
        for _ in range(min(len(scopes), at_once or len(scopes))):
            self._next_iteration(loop)

    def _next_iteration(self, loop: _Loop) -> None:
        if loop.next < len(loop.scopes):
            scope = loop.scopes[loop.next]
            loop.next += 1
            self.queue.append(lambda: self._activate(scope))

    def _completed(self, scope: Scope) -> None:
        owner = scope.owner
        if owner is None:
            return
        owner.unsettled -= 1
        self._next_iteration(self.loops[owner])
        if owner.unsettled == 0:
            del self.loops[owner]
            bad = {node.state for inner in owner.inner for node in inner.nodes.values() if not node.is_good}
            state = graph.FAILED if bad - {graph.NOT_RUN} else graph.NOT_RUN if bad else graph.SUCCEEDED
            self._settle(owner, state)

    def _settle(self, node: Node, state: str, outcome: Outcome | None = None) -> None:
        if node.state is not None:
            return
        node.state = state
        self.held.discard(node)
        if not node.is_good and state != graph.NOT_RUN:
            self.has_failed = True
        if isinstance(node.operation, Call) or (outcome is not None and not node.is_good):
            self.recorder.ended(node.instance, node.operation.id, state, node, outcome)
        if not isinstance(node.operation, Call) and not node.is_open:
            self._not_entered(node, graph.UPSTREAM_FAILED if state == graph.FAILED else state)
        self._tell(node, is_settled=True)
        node.scope.unsettled -= 1
        if node.scope.unsettled == 0:
            self._completed(node.scope)

    def _not_entered(self, node: Node, state: str) -> None:
        """What is said of the calls of an operation that never opens; of an `If`, arms may be ruled out already."""
        for number, body in enumerate(bodies(node.operation)):
            self._all_inside(body, node.scope, graph.SKIPPED if number < node.arm else state)

    def _all_inside(self, block: Block, scope: Scope, state: str) -> None:
        """What is said of the calls of a body that is not entered."""
        for call in calls(block):
            self.recorder.ended(instance_name(call.id, scope.indices), call.id, state, None, None)

    # Operations

    def _call(self, node: Node, call: Call) -> None:
        invocation = invocation_of(call, self.plan.pipeline.steps[call.step], node, self.plan.parameters)
        found = self.executor.find(node, invocation)
        if found is not None:
            node.outputs = found.outputs
            self._settle(node, found.state)
        elif not self._is_selected(node):
            self._settle(node, graph.NOT_RUN)
        else:
            self._enqueue(node, invocation)

    def _decide(self, node: Node, branch: If) -> None:
        condition = branch.arms[node.arm].condition
        if condition is None:
            self._take(node, branch)
            return
        try:
            holds = bool(self.evaluator.evaluate(condition, node.scope))
        except NotPlain:
            self._enqueue(node, condition_gate(Element(condition, node.scope), self.plan.parameters))
        except Exception as problem:
            text = f"its condition could not be computed: {type(problem).__name__}: {problem}"
            self._settle(node, graph.FAILED, Outcome(text))
        else:
            self._decided(node, branch, holds)

    def _decided(self, node: Node, branch: If, holds: bool) -> None:
        if holds:
            self._take(node, branch)
            return
        node.arm += 1
        if node.arm == len(branch.arms):
            for arm in branch.arms:
                self._all_inside(arm.body, node.scope, graph.SKIPPED)
            node.is_open = True
            self._settle(node, graph.SUCCEEDED)
            return
        self._again(node)

    def _take(self, node: Node, branch: If) -> None:
        for number, arm in enumerate(branch.arms):
            if number != node.arm:
                self._all_inside(arm.body, node.scope, graph.SKIPPED)
        self._open(node, [Scope(branch.arms[node.arm].body, node.scope, node)])

    def _items(self, node: Node, loop: ForEach) -> None:
        if isinstance(loop.items, ListOf):
            self._iterate(node, loop, [Element(item, node.scope) for item in loop.items.items])
            return
        try:
            items = list(self.evaluator.evaluate(loop.items, node.scope))
            self._iterate(node, loop, [codec.dumps(item) for item in items])
        except NotPlain:
            self._enqueue(node, items_gate(Element(loop.items, node.scope), self.plan.parameters))
        except Exception as problem:
            text = f"its items could not be computed: {type(problem).__name__}: {problem}"
            self._settle(node, graph.FAILED, Outcome(text))

    def _iterate(self, node: Node, loop: ForEach, items: Iterable[Binding]) -> None:
        self._open(node, [Scope(loop.body, node.scope, node, index, item) for index, item in enumerate(items)])

    def _is_selected(self, node: Node) -> bool:
        """Whether the operation, or anything inside it, is to run."""
        selected = self.plan.selected
        return selected is None or any(each.id in selected for each in operations(Block((node.operation,))))

    # Attempts

    def _enqueue(self, node: Node, invocation: Invocation) -> None:
        self.held.add(node)
        heapq.heappush(self.ready, (next(self.order), node, invocation))

    def _launch(self) -> None:
        while self.ready and len(self.running) < self.limit and not self.is_stopping:
            _, node, invocation = heapq.heappop(self.ready)
            self._start(node, invocation)
            self._drain()

    def _start(self, node: Node, invocation: Invocation) -> None:
        node.attempt += 1
        self.recorder.started(node, node.attempt)
        try:
            name = self.executor.start(node, node.attempt, invocation)
        except OSError as problem:
            self._settle(node, graph.FAILED, Outcome(f"no process can be started: {problem}"))
            return
        running = self.running[name] = _Running(node, node.attempt, invocation)
        timeout = node.operation.config.timeout if isinstance(node.operation, Call) else None
        if timeout is not None:
            self.timers.set(timeout, lambda: self._is_late(name, running))

    def _is_late(self, name: str, running: _Running) -> None:
        if self.running.get(name) is running:
            running.is_late = True
            self.executor.kill(name)

    def _ended(self, running: _Running, outcome: Outcome) -> None:
        node = running.node
        if outcome.message is None:
            self._succeeded(running, outcome)
            return
        if running.is_stopped:
            self._settle(node, graph.STOPPED, outcome)
            return
        if running.is_late and isinstance(node.operation, Call):
            outcome = Outcome(f"it took longer than {node.operation.config.timeout:g} seconds", error=outcome.error)
        retry = (node.operation.config.retry if isinstance(node.operation, Call) else None) or _NO_RETRY
        if running.number <= retry.max_retries and not self.is_stopping:
            delay = retry.delay * (retry.backoff or 1.0) ** (running.number - 1)
            self.recorder.failed_attempt(node, running.number, outcome, delay)
            self.timers.set(delay, lambda: heapq.heappush(self.ready, (next(self.order), node, running.invocation)))
            return
        self._settle(node, graph.FAILED, outcome)
        if self.mode != "continue_on_failure" and not self.is_stopping:
            self.is_stopping = True
            if self.mode == "fail_fast":
                self.stop(f"`{node.instance}` failed, and the execution mode is `fail_fast`")

    def _succeeded(self, running: _Running, outcome: Outcome) -> None:
        node = running.node
        match node.operation:
            case Call():
                node.outputs = outcome.outputs
                is_cached = outcome.record.get("state") == graph.CACHED
                self._settle(node, graph.CACHED if is_cached else graph.SUCCEEDED, outcome)
            case If() as branch:
                self.held.discard(node)
                self._decided(node, branch, outcome.outputs["output"].json == "1")
            case ForEach() as loop:
                self.held.discard(node)
                count = int(outcome.outputs["count"].json or 0)
                self._iterate(node, loop, [Indexed(outcome.outputs["items"], index) for index in range(count)])
            case Group():
                raise AssertionError("a group has no attempts")

    def _rest(self) -> None:
        """What was not reached because the run was stopped."""
        pending = list(self.body.nodes.values())
        while pending:
            node = pending.pop(0)
            if node.is_open:
                pending = [each for scope in node.inner for each in scope.nodes.values()] + pending
                continue
            if node.state is not None:
                continue
            self.has_failed = True
            node.state = graph.NOT_RUN
            if isinstance(node.operation, Call):
                self.recorder.ended(node.instance, node.operation.id, graph.NOT_RUN, node, None)
            self._not_entered(node, graph.NOT_RUN)
