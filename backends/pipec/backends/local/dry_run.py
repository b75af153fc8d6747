"""`--dry-run`: what would run, in which order, what is cached and why not. Nothing is executed, nothing of the user's imported.

What hangs on a result that is not there yet cannot be told; the arms of such an `if`, and one iteration of such a loop,
are listed under it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pipec.backends.local.attempts import Attempts, invocation_of
from pipec.backends.local.graph import CACHED, SUCCEEDED, Blocked, Element, Node, Scope, blockers
from pipec.backends.local.options import local_folder, root_of
from pipec.backends.local.processes import MissingVariable
from pipec.backends.local.recipes import Evaluator
from pipec.backends.local.reuse import Reuse
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.printer import print_value
from pipec.compiler.record import dataclass
from pipec.runtime import codec
from pipec.runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipec.backends.local.options import Options
    from pipec.compiler.ir.model import Block, Pipeline
    from pipec.compiler.ir.values import Value


@dataclass(frozen=True, slots=True)
class Line:
    """One step, or one decision, of what would happen.

    Attributes:
        depth: how deep it is nested.
        instance: of a step; what is asked, of a decision.
        action: `run`, `cached`, `skip`, `not selected`, `if`, `for`.
        why: why it is not cached, or what is not known.
        inputs: how each input is put together, for people.
        resources: what it asks for.
        image: of the step on targets that have images, if one is set.
    """

    depth: int
    instance: str
    action: str
    why: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    resources: str = ""
    image: str = ""


def plan(pipeline: Pipeline, project_root: Path, texts: Mapping[str, str], options: Options) -> list[Line]:
    """What a run would do, in the order of the definition, which is an order that it could run in."""
    return _Planner(pipeline, project_root, texts, options).lines_of_run()


class _Planner:
    def __init__(self, pipeline: Pipeline, project_root: Path, texts: Mapping[str, str], options: Options) -> None:
        root = root_of(project_root, options.root)
        store = Store(root)
        start = dt.datetime.now(dt.UTC)
        # Documents are put together, not written: this folder is never made.
        folder = local_folder(project_root, root)
        self.pipeline, self.texts, self.options = pipeline, texts, options
        self.attempts = Attempts(store, folder, pipeline, "dry-run", "dry-run", start)
        roots = options.import_roots or (project_root,)
        self.reuse = Reuse(store, roots) if options.use_cache else None
        self.evaluator = Evaluator("dry-run", start, texts)
        self.lines: list[Line] = []
        self.undecided = 0

    def lines_of_run(self) -> list[Line]:
        self._block(Scope(self.pipeline.body), 0)
        return self.lines

    def _block(self, scope: Scope, depth: int) -> None:
        for node in scope.nodes.values():
            match node.operation:
                case Call() as call:
                    self._call(node, call, depth)
                case If() as branch:
                    self._branch(node, branch, depth)
                case ForEach() as loop:
                    self._loop(node, loop, depth)
                case Group(body=body):
                    self._inside(node, [Scope(body, scope, node)], depth)

    def _inside(self, node: Node, scopes: list[Scope], depth: int) -> None:
        node.inner, node.is_open = scopes, True
        for scope in scopes:
            self._block(scope, depth)
        settled = {each.state for scope in scopes for each in scope.nodes.values()}
        node.state = SUCCEEDED if None not in settled else None

    def _missing(self, node: Node, values: Mapping[str, Value]) -> list[str]:
        """What of the values is not there yet: names of steps that must run first."""
        try:
            found = blockers([Element(value, node.scope) for value in values.values()])
        except Blocked:
            return ["what it reads"]
        return sorted({each.instance for each in found})

    def _call(self, node: Node, call: Call, depth: int) -> None:
        selected = self.options.selected
        if selected is not None and call.id not in selected:
            self._add(node, call, depth, "not selected")
            return
        if self.undecided:
            self._add(node, call, depth, "run", ("a result decides",))
            return
        missing = self._missing(node, call.arguments)
        if missing:
            listed = ", ".join(f"`{name}`" for name in missing)
            self._add(node, call, depth, "run", (f"what it reads is made by {listed}, which runs first",))
            return
        action, why = self._cached(node, call)
        self._add(node, call, depth, action, why)

    def _cached(self, node: Node, call: Call) -> tuple[str, tuple[str, ...]]:
        invocation = invocation_of(call, self.pipeline.steps[call.step], node, self.texts)
        if "cache" not in invocation.spec:
            return "run", ("its cache is off",)
        if self.reuse is None:
            return "run", ("the cache is not read",)
        try:
            environment = self.options.surroundings.of(call.config)
        except MissingVariable as fault:
            return "run", (str(fault),)
        answer = self.reuse.ask(self.attempts.document(node, 1, invocation, {}), environment, None)
        if answer.outputs is None:
            return "run", tuple(answer.why)
        node.outputs, node.state = answer.outputs, CACHED
        return CACHED, ()

    def _add(self, node: Node, call: Call, depth: int, action: str, why: tuple[str, ...] = ()) -> None:
        inputs = tuple((name, _shown(value)) for name, value in call.arguments.items())
        image = str((call.config.docker or {}).get("parent_image") or "")
        self.lines.append(Line(depth, node.instance, action, why, inputs, _resources(call), image))

    def _branch(self, node: Node, branch: If, depth: int) -> None:
        for number, arm in enumerate(branch.arms):
            node.arm = number
            holds = (True,) if arm.condition is None else self._value(node, arm.condition)
            if not holds:
                self._unknown_arms(node, branch, depth)
                return
            if holds[0]:
                for other, skipped in enumerate(branch.arms):
                    if other != number:
                        self._skip(skipped.body, node.scope, depth)
                self._inside(node, [Scope(arm.body, node.scope, node)], depth)
                return
        node.is_open, node.state = True, SUCCEEDED

    def _value(self, node: Node, value: Value) -> tuple[Any, ...]:
        """The value, alone in a tuple; nothing where only a run knows it."""
        if self.undecided or self._missing(node, {"": value}):
            return ()
        try:
            return (self.evaluator.evaluate(value, node.scope),)
        except Exception:  # what the user's expression raises, the run will say
            return ()

    def _unknown_arms(self, node: Node, branch: If, depth: int) -> None:
        self.undecided += 1
        for arm in branch.arms[node.arm :]:
            if arm.body.operations:
                condition = "otherwise" if arm.condition is None else _shown(arm.condition)
                self.lines.append(Line(depth, condition, "if", ("a result decides",)))
                self._block(Scope(arm.body, node.scope, node), depth + 1)
        self.undecided -= 1

    def _skip(self, body: Block, scope: Scope, depth: int) -> None:
        for operation in body.operations:
            if isinstance(operation, Call):
                self.lines.append(
                    Line(depth, Node(operation, scope).instance, "skip", ("its condition does not hold",))
                )

    def _loop(self, node: Node, loop: ForEach, depth: int) -> None:
        items = self._value(node, loop.items)
        if not items:
            self.lines.append(Line(depth, f"{loop.variable} in {_shown(loop.items)}", "for", ("a result decides",)))
            self.undecided += 1
            self._block(Scope(loop.body, node.scope, node, None, "null"), depth + 1)
            self.undecided -= 1
            return
        texts = [codec.dumps(item) for item in items[0]]
        self._inside(node, [Scope(loop.body, node.scope, node, at, item) for at, item in enumerate(texts)], depth)


def _shown(value: Value) -> str:
    text = print_value(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _resources(call: Call) -> str:
    asked = call.config.resources
    if asked is None:
        return ""
    parts = {
        "CPU": asked.cpu_count,
        "memory": asked.memory,
        "GPU": asked.gpu_count,
        "GPU class": asked.gpu_class,
    }
    return ", ".join(
        f"{value:g} {name}" if isinstance(value, int | float) else f"{name} {value}"
        for name, value in parts.items()
        if value is not None
    )
