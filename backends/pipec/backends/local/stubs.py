"""`--stub`: the graph runs, and each step's place is taken by values of its annotated types. Nothing is imported."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pipec.backends.local.attempts import GATE, Outcome
from pipec.backends.local.graph import FAILED, Stored
from pipec.backends.local.journal import Entry
from pipec.backends.local.options import CannotRun
from pipec.backends.local.outputs import outputs_of
from pipec.backends.local.parameters import bind
from pipec.backends.local.plan import Plan
from pipec.backends.local.recipes import Evaluator, NotPlain
from pipec.backends.local.recorder import Silent
from pipec.backends.local.result import Failure, RunResult
from pipec.backends.local.scheduler import Scheduler
from pipec.compiler.ir.model import Call
from pipec.compiler.record import replace
from pipec.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.backends.local.attempts import Invocation
    from pipec.backends.local.graph import Node, Scope
    from pipec.backends.local.plan import Found
    from pipec.backends.local.recorder import Reporter
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json, Value

MATERIALIZER = "stub"
_ITEMS = 2
"""Elements of a list whose length nobody knows."""

_SCALARS: dict[str, Json] = {"none": None, "bool": True, "int": 1, "float": 1.0, "str": "text"}


class Opaque(Exception):
    """A value of the type cannot be made without the user's code."""


def value_of(type_: Type) -> Json:
    """A value of a type as canonical JSON.

    Raises:
        Opaque: for a class, and for what is not annotated.
    """
    if type_.choices:
        return type_.choices[0]
    if type_.name in _SCALARS:
        return _SCALARS[type_.name]
    arguments = type_.arguments
    match type_.name:
        case "union":
            return _first(type_)
        case "bytes":
            return codec.encode(b"bytes")
        case "list" | "set" if arguments:
            made = [value_of(arguments[0])] * (_ITEMS if type_.name == "list" else 1)
            return made if type_.name == "list" else {codec.TAG: ["set", made]}
        case "tuple" if arguments:
            members = arguments * _ITEMS if type_.is_variadic else arguments
            return {codec.TAG: ["tuple", [value_of(member) for member in members]]}
        case "dict" if len(arguments) == 2:
            return _dict(*arguments)
        case "list" | "set" | "tuple" | "dict" | _:
            raise Opaque(str(type_))


def _first(type_: Type) -> Json:
    for member in type_.arguments:
        try:
            if member.name != "none":
                return value_of(member)
        except Opaque:
            continue
    raise Opaque(str(type_))


def _dict(key: Type, value: Type) -> Json:
    made = value_of(key)
    if isinstance(made, str):
        return {made: value_of(value)}
    return {codec.TAG: ["dict", [[made, value_of(value)]]]}


class Stubs:
    """The executor of `--stub`."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Every attempt ends at once, well."""
        self.pipeline = pipeline
        self.ended: list[tuple[str, Outcome]] = []

    def find(self, node: Node, invocation: Invocation) -> Found | None:
        """Nothing is known before."""
        return None

    def start(self, node: Node, number: int, invocation: Invocation) -> str:
        """Make up what the attempt gives."""
        name = f"{node.instance}#{number}"
        self.ended.append((name, Outcome(None, self._outputs(node, invocation))))
        return name

    def _outputs(self, node: Node, invocation: Invocation) -> dict[str, Stored]:
        if str(invocation.spec["function"]).startswith(GATE):
            # What a condition or a loop reads is opaque: it holds, and there are a few items.
            made = {"output": "1", "count": str(_ITEMS), "indices": "[]"}
            return {
                name: Stored(json=made[name]) if name in made else _opaque("items")
                for name in invocation.spec["outputs"]
            }
        assert isinstance(node.operation, Call)
        step = self.pipeline.steps[node.operation.step]
        return {output.name: _stored(output.type) for output in step.outputs}

    def poll(self, timeout: float | None) -> Iterator[tuple[str, Outcome]]:
        """All of them."""
        ended, self.ended = self.ended, []
        yield from ended

    def kill(self, name: str) -> None:
        """They have ended already."""

    def number(self, node: Node, number: int) -> int:
        """Attempts are counted from 1."""
        return number


class _Notes:
    """Keeps nothing but how instances ended."""

    def __init__(self, reporter: Reporter) -> None:
        self.states: dict[str, str] = {}
        self.failures: list[Failure] = []
        self.reporter = reporter

    def started(self, node: Node, number: int) -> None:
        """Nothing: it ends at once."""

    def failed_attempt(self, node: Node, number: int, outcome: Outcome, delay: float) -> None:
        """No stub fails."""

    def ended(self, instance: str, operation: str, state: str, node: Node | None, outcome: Outcome | None) -> None:
        """An instance is settled."""
        self.states[instance] = state
        message = None if outcome is None else outcome.message
        if state == FAILED:
            self.failures.append(Failure(instance, operation, message or ""))
        self.reporter.ended(Entry(instance, operation, state, message=message))

    def flush(self) -> None:
        """There is nothing to keep."""


def run(pipeline: Pipeline, parameters: Mapping[str, Any], reporter: Reporter | None = None) -> RunResult:
    """Run the graph of a pipeline, with made-up values in place of its steps, and for parameters without a value.

    Raises:
        CannotRun: a parameter is not of its type.
    """
    made = {each.name: each for each in pipeline.parameters if each.default is None and each.name not in parameters}
    given = replace(pipeline, parameters=tuple(each for each in pipeline.parameters if each.name not in made))
    texts, faults = bind(given, parameters)
    if faults:
        raise CannotRun(*faults)
    for name, parameter in made.items():
        texts[name] = _stored(parameter.type).json or "null"
    notes = _Notes(reporter or Silent())
    evaluator = StubEvaluator("stub", dt.datetime(2000, 1, 1, tzinfo=dt.UTC), texts)
    scheduler = Scheduler(Plan(pipeline, texts, jobs=1_000_000), Stubs(pipeline), notes, evaluator)
    is_good = scheduler.run()
    outputs, stored, faults_of = outputs_of(pipeline, scheduler.body, evaluator, lambda name, _: _opaque(name))
    state = "succeeded" if is_good and not faults_of else "failed"
    return RunResult("stub", state, notes.states, outputs, stored, (*notes.failures, *faults_of))


def _stored(type_: Type) -> Stored:
    try:
        return Stored(json=codec.text(value_of(type_)), type=str(type_))
    except Opaque:
        return _opaque(str(type_))


def _opaque(type_: str) -> Stored:
    return Stored(place=f"stub:{type_}", type=type_, materializer=MATERIALIZER)


class StubEvaluator(Evaluator):
    """Conditions and items over made-up values: what cannot be computed of them is as good as opaque."""

    def evaluate(self, value: Value, scope: Scope) -> Any:
        """The Python value, or `NotPlain`."""
        try:
            return super().evaluate(value, scope)
        except NotPlain:
            raise
        except Exception as problem:
            raise NotPlain from problem
