"""Hypothesis strategies for sound pipelines: every construct of the IR, nested, with edges that respect the scopes.

`pipelines()` draws a whole program that the verifier accepts. Tests of printers, readers, passes and backends share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pipec.compiler.ir import types
from pipec.compiler.ir.config import CachePolicy, Config, Hook, Hooks, Resources, Retry, Schedule
from pipec.compiler.ir.constants import encode, type_of
from pipec.compiler.ir.model import (
    Arm,
    Block,
    Call,
    Closure,
    CodeFile,
    ForEach,
    Group,
    If,
    Operation,
    Parameter,
    Pipeline,
    PipelineOutput,
    StepDef,
    StepInput,
    StepOutput,
)
from pipec.compiler.ir.types import ANY, BOOL, INT, STR, Type
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact, Value
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.model import Carrier

NAMES = ("load", "train", "score", "deploy", "split")
TYPES = (
    ANY,
    INT,
    types.FLOAT,
    BOOL,
    STR,
    Type("list", (INT,)),
    Type("list", (STR,)),
    Type("dict", (STR, INT)),
    Type("tuple", (INT,), is_variadic=True),
    Type("union", (INT, types.NONE)),
    Type("literal", choices=("a", 1, None)),
    Type("pandas.DataFrame"),
)

texts = st.text(st.characters(exclude_categories=()), max_size=8)
positions = st.builds(Position, st.integers(1, 99), st.integers(1, 99))
spans = st.builds(Span, st.sampled_from(["pipelines/p.py", "a:b.py"]), positions, positions)
static_types = st.sampled_from(TYPES)

python_constants = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def _const(value: object) -> Const:
    encoded = encode(value)
    return Const(encoded, type_of(encoded))


constants = python_constants.map(_const)
documents = st.dictionaries(st.text(max_size=5), python_constants.map(encode), max_size=2)
lazies = st.builds(Lazy, st.sampled_from(["artifact", "environment"]), documents, static_types)
closures = st.builds(
    Closure,
    st.just("sha256:0"),
    symbols=st.just(("steps:load",)),
    requirements=st.sampled_from([(), ("numpy>=1", "pandas")]),
)
hooks = st.builds(Hook, st.just("hooks:notify"), closures, st.just({}) | st.just({"n": Const(1, INT)}), st.booleans())
configs = st.just(Config()) | st.builds(
    Config,
    cache=st.none() | st.booleans(),
    cache_policy=st.none() | st.builds(CachePolicy, expires_after=st.none() | st.just(60.0)),
    retry=st.none() | st.builds(Retry, st.integers(1, 5), st.floats(0, 10), st.floats(1, 3)),
    timeout=st.none() | st.floats(1, 1e6),
    environment=st.dictionaries(st.sampled_from(["A", "B"]), st.text(max_size=5) | lazies, max_size=2),
    secrets=st.sampled_from([(), ("database",)]),
    resources=st.none() | st.builds(Resources, st.none() | st.floats(0.1, 8), st.none() | st.just("4GB")),
    settings=st.dictionaries(st.just("orchestrator"), documents, max_size=1),
    extra=documents,
    tags=st.sampled_from([(), ("a", "b")]),
    hooks=st.builds(Hooks, on_failure=st.none() | hooks),
    toggles=st.dictionaries(st.just("enable_step_logs"), st.booleans(), max_size=1),
    execution_mode=st.sampled_from([None, "fail_fast"]),
    places=st.dictionaries(st.sampled_from(["retry", "environment"]), spans, max_size=2),
)
schedules = st.builds(Schedule, spans, cron=st.just("0 3 * * *"), catchup=st.booleans())


@dataclass(slots=True)
class _Scope:
    """What the drawing of one pipeline knows: the step table, ids used up, and the values that may be read here."""

    draw: st.DrawFn
    steps: dict[str, StepDef]
    parameters: Sequence[Parameter]
    used: dict[str, int] = field(default_factory=dict[str, int])
    visible: list[Value] = field(default_factory=list[Value])
    earlier: list[str] = field(default_factory=list[str])

    def fresh(self, base: str) -> str:
        self.used[base] = count = self.used.get(base, 0) + 1
        return base if count == 1 else f"{base}_{count}"

    def value(self, depth: int = 2) -> Value:
        readable = [*self.visible, *(Param(p.name, p.type) for p in self.parameters)]
        choices: list[st.SearchStrategy[Value]] = [
            constants,
            lazies,
            st.builds(RunFact, st.just("random"), st.just("p:1"), st.just(types.FLOAT)),
        ]
        if readable:
            choices += [st.sampled_from(readable)] * 4
        kind = self.draw(st.sampled_from(["leaf", "leaf", "list", "dict", "expr"])) if depth else "leaf"
        match kind:
            case "list":
                items = tuple(self.value(depth - 1) for _ in range(self.draw(st.integers(0, 2))))
                return ListOf(items, Type("list"), self.draw(st.booleans()))
            case "dict":
                keys = self.draw(st.lists(st.text(max_size=4), unique=True, max_size=2))
                return DictOf(tuple((key, self.value(depth - 1)) for key in keys), Type("dict"))
            case "expr":
                return Expr("==", (self.value(depth - 1), self.value(depth - 1)), BOOL)
            case _:
                return self.draw(st.one_of(choices))

    def after(self) -> tuple[str, ...]:
        return (
            tuple(self.draw(st.lists(st.sampled_from(self.earlier), unique=True, max_size=2))) if self.earlier else ()
        )

    def block(self, depth: int, least: int = 0) -> Block:
        return Block(tuple(self.operation(depth) for _ in range(self.draw(st.integers(least, 3)))))

    def body(self, depth: int) -> tuple[Block, Value]:
        """A body and a value that leaves it; what is made inside is not visible afterwards."""
        visible, earlier = len(self.visible), len(self.earlier)
        block = self.block(depth - 1)
        result = self.value()
        del self.visible[visible:], self.earlier[earlier:]
        return block, result

    def operation(self, depth: int) -> Operation:
        kinds = ["call", "call", "if", "for", "group"] if depth else ["call"]
        match self.draw(st.sampled_from(kinds)):
            case "if":
                operation: Operation = self.condition(depth)
            case "for":
                operation = self.loop(depth)
            case "group":
                after, (body, result) = self.after(), self.body(depth)
                operation = Group(self.fresh("group"), "inner", body, {"r": result}, self.draw(spans), after)
            case _:
                operation = self.call()
        self.earlier.append(operation.id)
        if not isinstance(operation, Call):
            self.visible.append(Output(operation.id, "r", ANY))
        return operation

    def call(self) -> Call:
        name = self.draw(st.sampled_from(NAMES))
        step = self.steps.setdefault(f"steps:{name}", self.step(name))
        arguments = {one.name: self.value() for one in step.inputs if one.is_required or self.draw(st.booleans())}
        label = self.draw(st.none() | st.just(Const("label", STR)))
        call = Call(self.fresh(name), step.symbol, arguments, self.draw(spans), self.draw(configs), self.after(), label)
        self.visible += [Output(call.id, output.name, output.type) for output in step.outputs]
        return call

    def step(self, name: str) -> StepDef:
        inputs = self.draw(
            st.lists(
                st.builds(StepInput, st.sampled_from("abc"), st.just(ANY), st.booleans()),
                max_size=3,
                unique_by=lambda one: one.name,
            )
        )
        given = self.draw(st.lists(static_types, max_size=3))
        outputs = tuple(StepOutput(f"out_{index}", type_, _carrier(type_)) for index, type_ in enumerate(given))
        return StepDef(
            f"steps:{name}",
            name,
            tuple(inputs),
            outputs,
            self.draw(spans),
            self.draw(closures),
            self.draw(texts),
            len(outputs) > 1,
        )

    def condition(self, depth: int) -> If:
        after = self.after()
        arms: list[Arm] = []
        results: list[Value] = []
        for index in range(count := self.draw(st.integers(1, 3))):
            is_last = index == count - 1
            condition = None if is_last else self.value()
            body, result = self.body(depth)
            arms.append(Arm(condition, body))
            results.append(result)
        return If(self.fresh("if"), tuple(arms), {"r": tuple(results)}, self.draw(spans), after)

    def loop(self, depth: int) -> ForEach:
        after, items, id_ = self.after(), self.value(), self.fresh("for")
        self.visible.append(Item(id_, ANY, self.draw(st.sampled_from([(), (0,), (1, 0)]))))
        at = len(self.visible) - 1
        body, result = self.body(depth)
        del self.visible[at]
        return ForEach(
            id_, items, body, {"r": result}, self.draw(spans), after, self.draw(st.none() | st.integers(1, 4))
        )


def _carrier(type_: Type) -> Carrier:
    return "parameter" if types.is_number_like(type_) else "artifact"


@st.composite
def pipelines(draw: st.DrawFn, depth: int = 2) -> Pipeline:
    """A sound pipeline, bodies nested up to `depth`, as the front end would make it: no pass has run."""
    parameters = draw(
        st.lists(
            st.builds(Parameter, st.sampled_from("xyz"), static_types, spans, st.none() | constants, texts),
            max_size=3,
            unique_by=lambda one: one.name,
        )
    )
    scope = _Scope(draw, {}, parameters)
    body = scope.block(depth, least=1)
    outputs = tuple(PipelineOutput(f"result_{index}", scope.value()) for index in range(draw(st.integers(0, 2))))
    return Pipeline(
        draw(st.sampled_from(["churn", "a b"])),
        "pipelines.p:churn",
        tuple(parameters),
        body,
        outputs,
        scope.steps,
        draw(configs),
        draw(spans),
        doc=draw(texts),
        frozen=draw(st.dictionaries(st.just("n"), constants, max_size=1)),
        schedule=draw(st.none() | schedules),
        code=draw(st.sampled_from([(), (CodeFile("steps.py", "def load():\n    pass\n"),)])),
    )
