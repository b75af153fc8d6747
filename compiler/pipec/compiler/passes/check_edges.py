"""Compares the type of what a call is given with the type of the input, and looks whether loops go over lists (PC0207).

Only a certain mismatch is an error (`pipec.compiler.ir.compatibility`); where the types leave it open, Python decides
when the step runs. Changes nothing.

Refused:  train = call steps:train(data=%load.output)       load.output: pandas.DataFrame, data: int
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.ir.compatibility import is_certain_mismatch
from pipec.compiler.ir.model import Call, ForEach
from pipec.compiler.ir.types import Type, members
from pipec.compiler.ir.values import Const, Output, Param
from pipec.compiler.ir.walk import operations

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Value

_NOT_ITERABLE = {"none", "bool", "int", "float", "complex"}


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    checked: dict[tuple[Type, Type], bool] = {}
    known = {operation.id: operation for operation in operations(pipeline.body)}
    found: list[Diagnostic] = []
    for operation in known.values():
        match operation:
            case Call(arguments=arguments):
                inputs = {item.name: item for item in pipeline.steps[operation.step].inputs}
                for name, value in arguments.items():
                    pair = (value.type, inputs[name].type)
                    if pair not in checked:
                        checked[pair] = is_certain_mismatch(*pair)
                    if checked[pair] and not _is_coerced(value, inputs[name].type):
                        found.append(_mismatch(pipeline, operation, name, value, known))
            case ForEach(items=items) if all(member.name in _NOT_ITERABLE for member in members(items.type)):
                found.append(
                    Diagnostic(
                        "PC0207",
                        f"a loop goes over {_described(items)}, which is `{items.type}`",
                        operation.span,
                        help="loop over a list, or over `range(…)` of a number",
                    )
                )
            case _:
                pass
    return pipeline, found


def _is_coerced(value: Value, taken: Type) -> bool:
    """Whether it is literal text that ZenML would read as the number that the step wants (`"3"` for an `int`)."""
    if not isinstance(value, Const) or not isinstance(value.value, str):
        return False
    if any(member.name == "bool" for member in members(taken)):
        return True
    try:
        float(value.value)
    except ValueError:
        return False
    return any(member.name in {"int", "float"} for member in members(taken))


def _mismatch(pipeline: Pipeline, call: Call, name: str, value: Value, known: dict[str, Operation]) -> Diagnostic:
    step = pipeline.steps[call.step]
    taken = next(item.type for item in step.inputs if item.name == name)
    related = [Label(step.span, f"`{step.name}` takes `{name}: {taken}`")]
    if isinstance(value, Output) and value.operation in known:
        related.append(Label(known[value.operation].span, f"`{value.operation}` gives `{value.type}`"))
    return Diagnostic(
        "PC0207",
        f"`{name}` of `{call.id}` takes `{taken}`, but {_described(value)} is `{value.type}`",
        call.span,
        related=tuple(related),
        help="pass a value of that type, or change the annotation if it is wrong",
    )


def _described(value: Value) -> str:
    match value:
        case Output(operation=operation, name=name):
            return f"`{operation}.{name}`"
        case Param(name=name):
            return f"the parameter `{name}`"
        case Const():
            return "the value"
        case _:
            return "what it is given"
