"""Conditions and loop items that a target cannot compute, as calls of small steps that compute them in Python.

A backend calls `insert_gates` first thing in `legalize`, and says what it can compute natively. What is left for it is
simple: an arm whose condition compares the integer result of a gate with a constant, and a loop over a list of indices.

Before:   if_1 = if %score.output > 0.9
              a = call steps:a()
            else
              b = call steps:b()
          for_x = for x in %names.output
              c = call steps:c(x=item(for_x))
After:    if_1_gate = call pipec.runtime.gates:arm(arm=%score.output > 0.9 ? 0 : 1)
          if_1 = if %if_1_gate.output == 0
              a = call steps:a()
            else
              b = call steps:b()
          for_x_gate = call pipec.runtime.gates:count(items=%names.output)
          for_x = for x in %for_x_gate.indices
              c = call steps:c(x=%names.output[item(for_x)])

A loop over what is computed (`zip(a, b)`) reads its items from the gate, which keeps them: `%for_x_gate.items[…]`.
Where a target can count the items itself, there is no gate and the loop goes over `range(len(items))`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Arm, Call, Closure, ForEach, If, StepDef, StepInput, StepOutput
from pipec.compiler.ir.rewrite import map_leaves, map_values, rewrite
from pipec.compiler.ir.types import ANY, BOOL, FLOAT, INT, NONE, Type, is_number_like
from pipec.compiler.ir.values import Const, Expr, Item, Output, Param
from pipec.compiler.ir.walk import operations
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.ir.model import Block, Operation, Pipeline
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf
    from pipec.compiler.source import Span

_MODULE = "pipec.runtime.gates:"
ARM, COUNT, LOOP = f"{_MODULE}arm", f"{_MODULE}count", f"{_MODULE}loop"
VALUE, NUMBER = f"{_MODULE}value", f"{_MODULE}number"
INDICES = Type("list", (INT,))


def is_gate(operation: Operation) -> bool:
    """Whether the operation is a call that `insert_gates` has added: a step of pipec's, not of the user's."""
    return isinstance(operation, Call) and operation.step.startswith(_MODULE)


def never(value: Value) -> bool:
    """What a target that computes nothing natively says of every value."""
    return False


def insert_gates(
    pipeline: Pipeline,
    *,
    is_native_condition: Callable[[Value], bool] = never,
    is_native_items: Callable[[Value], bool] = never,
    is_countable: Callable[[Value], bool] = never,
) -> Pipeline:
    """The pipeline with a gate before each `If` and `ForEach` that needs one.

    Args:
        pipeline: after all passes.
        is_native_condition: whether the target computes a condition as Python would. An `If` with one condition that
            it does not gets a gate for all of them, so that they are evaluated in order and no further than needed.
        is_native_items: whether the target iterates over the value as Python would and hands each item on exactly.
            Such a loop is left alone. A loop over a constant list that it does not iterate over becomes one over
            constant indices, without a gate.
        is_countable: whether the target can tell how many items a list has. Such a loop goes over
            `range(len(items))`, without a gate.
    """
    taken = {operation.id for operation in operations(pipeline.body)}
    inserter = _Inserter({}, taken, is_native_condition, is_native_items, is_countable)
    body = rewrite(pipeline.body, inserter.gated)
    if body is pipeline.body:
        return pipeline
    return replace(pipeline, body=body, steps=_in_order_of_call(body, {**pipeline.steps, **inserter.steps}))


def _in_order_of_call(body: Block, steps: dict[str, StepDef]) -> dict[str, StepDef]:
    called = dict.fromkeys(one.step for one in operations(body) if isinstance(one, Call))
    return {symbol: steps[symbol] for symbol in called}


@dataclass(frozen=True, slots=True)
class _Inserter:
    """One run of `insert_gates`.

    Attributes:
        steps: the definitions of the gates that were needed, by symbol.
        taken: all ids.
    """

    steps: dict[str, StepDef]
    taken: set[str]
    is_native_condition: Callable[[Value], bool]
    is_native_items: Callable[[Value], bool]
    is_countable: Callable[[Value], bool]

    def gated(self, operation: Operation) -> Sequence[Operation]:
        match operation:
            case If(arms=arms):
                conditions = [arm.condition for arm in arms if arm.condition is not None]
                native = all(map(self.is_native_condition, conditions))
                return (operation,) if native else self.condition(operation, conditions)
            case ForEach(items=items):
                return (operation,) if self.is_native_items(items) else self.loop(operation)
            case _:
                return (operation,)

    def condition(self, operation: If, conditions: Sequence[Value]) -> Sequence[Operation]:
        gate = self.call(operation, _arm_step, {"arm": _pick(conditions)})
        picked = Output(gate.id, "output", INT)
        arms = tuple(
            Arm(None if arm.condition is None else Expr("==", (picked, Const(index, INT)), BOOL), arm.body)
            for index, arm in enumerate(operation.arms)
        )
        return gate, replace(operation, arms=arms)

    def loop(self, operation: ForEach) -> Sequence[Operation]:
        items = operation.items
        if isinstance(items, Const) and isinstance(items.value, list | tuple):
            indices = Const(list(range(len(items.value))), INDICES)
            return (_by_index(operation, items, indices),)
        # A dict, a set or what has no annotation is iterated over, not indexed.
        is_indexed = isinstance(items, Param | Output | Item) and items.type.name in {"list", "tuple"}
        if is_indexed and self.is_countable(items):
            return (_by_index(operation, items, Expr("range", (Expr("len", (items,), INT),), INDICES)),)
        gate = self.call(operation, _count_step if is_indexed else _loop_step, {"items": items}, ("indices",))
        source = items if is_indexed else Output(gate.id, "items", items.type)
        return gate, _by_index(operation, source, Output(gate.id, "indices", INDICES))

    def call(
        self,
        operation: If | ForEach,
        define: Callable[[Span], StepDef],
        arguments: dict[str, Value],
        mirrored: tuple[str, ...] = (),
    ) -> Call:
        step = define(operation.span)
        self.steps.setdefault(step.symbol, step)
        id_ = f"{operation.id}_gate"
        while id_ in self.taken:
            id_ += "_"
        self.taken.add(id_)
        # Running it again costs less than looking it up.
        config = Config(cache=False)
        return Call(id_, step.symbol, arguments, operation.span, config, operation.after, None, mirrored)


def _pick(conditions: Sequence[Value]) -> Value:
    """The number of the first condition that holds, or how many there are: none after it is evaluated."""
    picked: Value = Const(len(conditions), INT)
    for index in reversed(range(len(conditions))):
        picked = Expr("if", (conditions[index], Const(index, INT), picked), INT)
    return picked


def _by_index(operation: ForEach, source: Value, indices: Value) -> ForEach:
    """The loop over `indices`, its body reading `source[index]` where it read the item."""

    def change(leaf: Leaf) -> Value:
        if not isinstance(leaf, Item) or leaf.operation != operation.id:
            return leaf
        element = leaf.type if not leaf.path else ANY
        value: Value = Expr("index", (source, Item(operation.id, INT)), element)
        for depth, index in enumerate(leaf.path):
            is_last = depth == len(leaf.path) - 1
            value = Expr("index", (value, Const(index, INT)), leaf.type if is_last else ANY)
        return value

    def changed(value: Value) -> Value:
        return map_leaves(value, change)

    body = rewrite(operation.body, lambda inner: (map_values(inner, changed),))
    results = {name: changed(value) for name, value in operation.results.items()}
    return replace(operation, items=indices, body=body, results=results)


def value_gate(id_: str, value: Value, span: Span, *, is_mirrored: bool = False) -> tuple[Call, StepDef]:
    """A call that computes `value` and gives it as `output`: as a parameter where its type is that of a number.

    Args:
        id_: the id, which nobody has.
        value: what it is worth.
        span: the operation that needs it.
        is_mirrored: whether an artifact also travels as a parameter.
    """
    is_number = is_number_like(value.type)
    symbol = NUMBER if is_number else VALUE
    output = StepOutput("output", _NUMBER, "parameter") if is_number else StepOutput("output", ANY, "artifact")
    step = StepDef(symbol, symbol.partition(":")[2], (StepInput("value", ANY, True),), (output,), span, Closure(""))
    mirrored = ("output",) if is_mirrored and not is_number else ()
    return Call(id_, symbol, {"value": value}, span, Config(cache=False), (), None, mirrored), step


_NUMBER = Type("union", (BOOL, INT, FLOAT, NONE))


def _arm_step(span: Span) -> StepDef:
    return StepDef(
        ARM, "arm", (StepInput("arm", INT, True),), (StepOutput("output", INT, "parameter"),), span, Closure("")
    )


def _count_step(span: Span) -> StepDef:
    inputs = (StepInput("items", ANY, True),)
    outputs = (StepOutput("indices", INDICES, "artifact"), StepOutput("count", INT, "parameter"))
    return StepDef(COUNT, "count", inputs, outputs, span, Closure(""), returns_tuple=True)


def _loop_step(span: Span) -> StepDef:
    inputs = (StepInput("items", ANY, True),)
    outputs = (
        StepOutput("items", Type("list", (ANY,)), "artifact"),
        StepOutput("indices", INDICES, "artifact"),
        StepOutput("count", INT, "parameter"),
    )
    return StepDef(LOOP, "loop", inputs, outputs, span, Closure(""), returns_tuple=True)
