"""Results of conditions and loops in a form that KFP can carry: each one an output of a task that always runs.

A DAG of KFP lets out what its tasks put out, nothing else, and a value that is one of several (`OneOf`) comes from the
one *container* task among them that ran (the backend does not mark a DAG complete whose last task came from the cache).
So what is no such output is computed by a value gate of `pipec.compiler.gates`, beside the arm that it belongs to or at
the end of a loop's body. Values that can be had outside need none: readers choose among them.

Before:   if_big = if %gate.output == 0 … results model: [%train.output, %load.output], limit: [1, %load.limit]
After:    if_big = if %gate.output == 0 … results model: [%train.output, %if_big_model_else.output]
          limit is `1 if %gate.output == 0 else %load.limit` wherever it is read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kubeflow.names import arm_word
from pipec.compiler.gates import value_gate
from pipec.compiler.ir.model import Arm, Block, Call, ForEach, Group, If
from pipec.compiler.ir.rewrite import map_leaves, map_values
from pipec.compiler.ir.types import ANY, INT, is_json, is_number_like
from pipec.compiler.ir.values import Const, Expr, Item, Output
from pipec.compiler.ir.walk import leaves, operations
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.model import Operation, Pipeline, StepDef
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf
    from pipec.compiler.source import Span

LARGEST_CHOICE = 24
"""Leaves of a value that readers put together; a larger one is computed once, in each arm."""


def settle(pipeline: Pipeline) -> tuple[Pipeline, frozenset[str]]:
    """The pipeline, after `insert_gates`, with what its conditions and loops let out in KFP's form.

    Groups have no results any more: their readers read what is inside.

    Returns:
        The pipeline, and the ids of calls at the end of an arm that stand beside it: they give its part of a result.
    """
    known = {operation.id: operation for operation in operations(pipeline.body)}
    visible = _visible(pipeline, known)
    settler = _Settler(known, set(known), dict(pipeline.steps), visible)
    body = settler.block(pipeline.body)
    outputs: list[Operation] = []
    shown = tuple(
        replace(output, value=settler.shown(output.name, output.value, pipeline.span, outputs))
        for output in pipeline.outputs
    )
    whole = Block((*body.operations, *outputs))
    called = dict.fromkeys(one.step for one in operations(whole) if isinstance(one, Call))
    steps = {symbol: settler.steps[symbol] for symbol in called}
    return replace(pipeline, body=whole, outputs=shown, steps=steps), frozenset(settler.keeps)


def _visible(pipeline: Pipeline, known: dict[str, Operation]) -> set[tuple[str, str]]:
    """The results that a pipeline output shows: of the operations on the way to the calls that make them."""
    found: set[tuple[str, str]] = set()
    pending: list[Value] = [output.value for output in pipeline.outputs]
    while pending:
        top = pending.pop()
        if not isinstance(top, Output) or (top.operation, top.name) in found:
            continue
        found.add((top.operation, top.name))
        match known[top.operation]:
            case If(results=arms):
                pending.extend(arms[top.name])
            case Group(results=results):
                pending.append(results[top.name])
            case _:
                pass
    return found


@dataclass(frozen=True, slots=True)
class _Settler:
    """One run of `settle`.

    Attributes:
        known: the operations as they were, by id.
        values: what results are worth that are not outputs of a condition or loop any more.
    """

    known: dict[str, Operation]
    taken: set[str]
    steps: dict[str, StepDef]
    visible: set[tuple[str, str]]
    values: dict[tuple[str, str], Value] = field(default_factory=lambda: {})
    keeps: set[str] = field(default_factory=set[str])

    def block(self, block: Block) -> Block:
        return Block(tuple(self.operation(operation) for operation in block.operations))

    def operation(self, operation: Operation) -> Operation:
        match operation:
            case Call():
                return map_values(operation, self.changed)
            case Group():
                inside = map_values(replace(operation, body=self.block(operation.body)), self.changed)
                assert isinstance(inside, Group)
                self.values.update({(inside.id, name): value for name, value in inside.results.items()})
                return replace(inside, results={})
            case ForEach():
                inside = map_values(replace(operation, body=self.block(operation.body)), self.changed)
                assert isinstance(inside, ForEach)
                return self.loop(inside)
            case If():
                arms = tuple(Arm(arm.condition, self.block(arm.body)) for arm in operation.arms)
                inside = map_values(replace(operation, arms=arms), self.changed)
                assert isinstance(inside, If)
                return self.condition(inside)

    def changed(self, value: Value) -> Value:
        def change(leaf: Leaf) -> Value:
            return self.values.get((leaf.operation, leaf.name), leaf) if isinstance(leaf, Output) else leaf

        return map_leaves(value, change)

    def condition(self, operation: If) -> If:
        inner = {each.id for arm in operation.arms for each in operations(arm.body)}
        added: list[list[Call]] = [[] for _ in operation.arms]
        joined: dict[str, tuple[Value, ...]] = {}
        for name, values in operation.results.items():
            if _is_outside(values, inner):
                self.values[operation.id, name] = _choice(operation, values)
            else:
                joined[name] = self.join(operation, name, values, added)
        arms = tuple(
            replace(arm, body=Block((*arm.body.operations, *calls)))
            for arm, calls in zip(operation.arms, added, strict=True)
        )
        return replace(operation, arms=arms, results=joined)

    def join(self, operation: If, name: str, values: Sequence[Value], added: list[list[Call]]) -> tuple[Value, ...]:
        """One value an arm, each an output of a task beside the arms, all in the same form."""
        is_number = all(is_number_like(value.type) for value in values)
        is_mirrored = (operation.id, name) in self.visible and all(is_json(value.type) for value in values)
        joined: list[Value] = []
        for index, value in enumerate(values):
            if self.is_made_by_only_call(value, operation.arms[index].body, is_number=is_number):
                joined.append(value)
                continue
            id_ = f"{operation.id}_{name}_{arm_word(operation, index)}"
            keep = self.gate(id_, value, operation.span, is_number=is_number, is_mirrored=is_mirrored)
            self.keeps.add(keep.id)
            added[index].append(keep)
            joined.append(Output(keep.id, "output", value.type))
        return tuple(joined)

    def is_made_by_only_call(self, value: Value, body: Block, *, is_number: bool) -> bool:
        if not isinstance(value, Output) or len(body.operations) != 1:
            return False
        (call,) = body.operations
        if not isinstance(call, Call) or call.id != value.operation:
            return False
        return (self.carrier(call, value.name) == "parameter") == is_number

    def carrier(self, call: Call, name: str) -> str:
        return next(output.carrier for output in self.steps[call.step].outputs if output.name == name)

    def loop(self, operation: ForEach) -> ForEach:
        direct = _calls_outside_control_flow(operation.body)
        added: list[Call] = []
        results: dict[str, Value] = {}
        for name, value in operation.results.items():
            if isinstance(value, Output) and value.operation in direct:
                results[name] = value
                continue
            is_number = is_number_like(value.type)
            keep = self.gate(f"{operation.id}_{name}", value, operation.span, is_number=is_number)
            added.append(keep)
            results[name] = Output(keep.id, "output", value.type)
        return replace(operation, body=Block((*operation.body.operations, *added)), results=results)

    def shown(self, name: str, value: Value, span: Span, added: list[Operation]) -> Value:
        """The value of a pipeline output, as an output of a call or the join of a condition."""
        value = self.changed(value)
        if isinstance(value, Output) and not isinstance(self.known.get(value.operation), ForEach):
            return value
        is_number = is_number_like(value.type)
        keep = self.gate(f"output_{name}", value, span, is_number=is_number, is_mirrored=is_json(value.type))
        added.append(keep)
        return Output(keep.id, "output", value.type)

    def gate(self, id_: str, value: Value, span: Span, *, is_number: bool, is_mirrored: bool = False) -> Call:
        while id_ in self.taken:
            id_ += "_"
        self.taken.add(id_)
        # The gate's form follows the type that it is told, not that of the value: all arms of a join have one form.
        typed = Const(None, INT if is_number else ANY)
        call, step = value_gate(id_, typed, span, is_mirrored=is_mirrored)
        self.steps.setdefault(step.symbol, step)
        return replace(call, arguments={"value": value})


def _is_outside(values: Sequence[Value], inner: set[str]) -> bool:
    """Whether the values are made of nothing inside, and short enough to be put together by each reader."""
    found = [leaf for value in values for leaf in leaves(value)]
    return len(found) <= LARGEST_CHOICE and not any(
        isinstance(leaf, Output | Item) and leaf.operation in inner for leaf in found
    )


def _choice(operation: If, values: Sequence[Value]) -> Value:
    """One of the values, by the conditions; none after the one that holds is evaluated."""
    if all(value == values[0] for value in values):
        return values[0]
    types = {value.type for value in values}
    type_ = types.pop() if len(types) == 1 else ANY
    assert operation.arms[-1].condition is None, "results are total"
    chosen = values[-1]
    for arm, value in reversed(list(zip(operation.arms[:-1], values[:-1], strict=True))):
        assert arm.condition is not None
        chosen = Expr("if", (arm.condition, value, chosen), type_)
    return chosen


def _calls_outside_control_flow(body: Block) -> set[str]:
    """Ids of the calls that every iteration makes: what is inside conditions and loops aside."""
    found: set[str] = set()
    pending = list(body.operations)
    while pending:
        top = pending.pop()
        if isinstance(top, Call):
            found.add(top.id)
        elif isinstance(top, Group):
            pending.extend(top.body.operations)
    return found
