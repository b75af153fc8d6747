"""The static half of a step's invocation: which function, its constants, how inputs are put together, its outputs.

A target prints it as one JSON argument of the step; the runtime (`pipec.runtime.invocation`) completes it with where each
input lies and where each output goes. What is known only at run time reaches the step through *slots*: one leaf value
each (a parameter, a result, a loop item, a fact of the run), carried in the target's own way.

Before (IR):   train(data=Output(load, output), lr=Const(0.1), frames=ListOf(Output(a, output), Output(b, output)))
After:         spec  = {"function": "steps.train:train", "values": {"lr": 0.1},
                        "compose": {"frames": {"list": [{"slot": "frames_0"}, {"slot": "frames_1"}]}}, "outputs": …}
               slots = {"data": Output(load, output), "frames_0": Output(a, output), "frames_1": Output(b, output)}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Call, StepDef
    from pipec.compiler.ir.values import Json, Value

Leaf = Param | Output | Item
"""What a slot carries."""


@dataclass(frozen=True, slots=True)
class StaticInvocation:
    """`spec` is canonical JSON, `slots` the leaves by slot name, in order of the step's signature.

    A slot whose name is an input's own fills that input directly; every other slot occurs in `spec["compose"]`.
    """

    spec: Mapping[str, Json]
    slots: Mapping[str, Leaf]


def static_invocation(call: Call, step: StepDef) -> StaticInvocation:
    """The static invocation of `call`, deterministic and without anything of a target's."""
    values: dict[str, Json] = {}
    compose: dict[str, Json] = {}
    slots: dict[str, Leaf] = {}
    taken = set(call.arguments)
    for name, value in call.arguments.items():
        match value:
            case Const(value=constant):
                values[name] = constant
            case Param() | Output() | Item(path=()):
                slots[name] = value
            case _:
                compose[name] = _template(value, name, slots, taken)
    spec: dict[str, Json] = {"function": step.symbol}
    if values:
        spec["values"] = values
    if compose:
        spec["compose"] = compose
    spec["outputs"] = {output.name: _output(call, step, index) for index, output in enumerate(step.outputs)}
    if step.returns_tuple:
        spec["returns_tuple"] = True
    return StaticInvocation(spec, slots)


def _output(call: Call, step: StepDef, index: int) -> dict[str, Json]:
    output = step.outputs[index]
    described: dict[str, Json] = {"carrier": output.carrier}
    if output.name in call.mirrored:
        described["mirrored"] = True
    if output.materializer is not None:
        described["materializer"] = output.materializer
    return described


def _template(value: Value, prefix: str, slots: dict[str, Leaf], taken: set[str]) -> dict[str, Json]:
    """The recipe that puts `value` together, its leaves entered into `slots` under names that start with `prefix`."""
    match value:
        case Const(value=constant):
            return {"const": constant}
        case Item(path=path) if path:
            base = _slot(Item(value.operation, value.type), prefix, slots, taken)
            return {"item": [{"slot": base}, list(path)]}
        case Param() | Output() | Item():
            return {"slot": _slot(value, prefix, slots, taken)}
        case ListOf(items=items, is_tuple=is_tuple):
            parts = [_template(item, f"{prefix}_{i}", slots, taken) for i, item in enumerate(items)]
            return {"tuple" if is_tuple else "list": parts}
        case DictOf(entries=entries):
            return {
                "dict": [[key, _template(item, f"{prefix}_{i}", slots, taken)] for i, (key, item) in enumerate(entries)]
            }
        case Expr(op=op, operands=operands):
            return {"expr": [op, *(_template(item, f"{prefix}_{i}", slots, taken) for i, item in enumerate(operands))]}
        case Lazy(kind=kind, query=query):
            return {"lazy": [kind, dict(query)]}
        case RunFact(kind=kind, place=place):
            return {"fact": [kind, place]}


def _slot(leaf: Leaf, prefix: str, slots: dict[str, Leaf], taken: set[str]) -> str:
    for name, known in slots.items():
        if known == leaf and name not in taken:
            return name
    name = prefix
    while name in slots or name in taken:
        name += "_"
    slots[name] = leaf
    return name
