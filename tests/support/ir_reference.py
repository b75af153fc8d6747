"""What a pipeline of the IR means, told as simply as can be: operations in order, steps as Python functions.

Nothing of the compiler or the runtime is used but the IR's own classes: the operations of expressions are spelled out
here again.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipec.compiler.ir.model import Block, Call, ForEach, Group, If
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, ListOf, Output, Param, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipec.compiler.ir.model import Operation, Pipeline

_PLAIN: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "|": operator.or_,
    "neg": operator.neg,
    "not": operator.not_,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is_not": operator.is_not,
    "in": lambda item, container: item in container,
    "not_in": lambda item, container: item not in container,
    "index": operator.getitem,
    "slice": lambda value, *bounds: value[slice(*bounds)],
    "method": lambda value, name, *arguments: getattr(value, name)(*arguments),
    "format": format,
    "join": lambda *parts: "".join(parts),
    "range": lambda *bounds: list(range(*bounds)),
    "zip": lambda *lists: list(zip(*lists, strict=False)),
    "zip_strict": lambda *lists: list(zip(*lists, strict=True)),
    "enumerate": lambda *arguments: list(enumerate(*arguments)),
    "reversed": lambda value: list(reversed(value)),
    **{one.__name__: one for one in (abs, all, any, bool, dict, int, len, list, max, min, sorted, str, sum, tuple)},
}


@dataclass
class Run:
    """One run.

    Attributes:
        steps: the function of each step, by symbol; each call is noted in `calls`, in no order that matters.
        parameters: the value of each parameter.
    """

    pipeline: Pipeline
    steps: Mapping[str, Callable[..., Any]]
    parameters: Mapping[str, Any]
    results: dict[tuple[str, str], Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)

    def outputs(self) -> list[Any]:
        """What the pipeline gives, in order."""
        self.block(self.pipeline.body)
        return [self.value(one.value) for one in self.pipeline.outputs]

    def block(self, block: Block) -> None:
        for operation in block.operations:
            self.operation(operation)

    def operation(self, operation: Operation) -> None:  # noqa: C901 - a flat dispatch
        match operation:
            case Call(id=id_, step=symbol, arguments=arguments):
                given = {name: self.value(value) for name, value in arguments.items()}
                returned = self.steps[symbol](**given)
                outputs = self.pipeline.steps[symbol].outputs
                values = returned if self.pipeline.steps[symbol].returns_tuple else (returned,)
                for output, value in zip(outputs, values, strict=False):
                    self.results[id_, output.name] = value
            case If(id=id_, arms=arms, results=results):
                taken = next(
                    (i for i, arm in enumerate(arms) if arm.condition is None or self.value(arm.condition)), None
                )
                if taken is not None:
                    self.block(arms[taken].body)
                    for name, values in results.items():
                        self.results[id_, name] = self.value(values[taken])
            case ForEach(id=id_, items=items, body=body, results=results):
                collected: dict[str, list[Any]] = {name: [] for name in results}
                for item in list(self.value(items)):
                    self.items[id_] = item
                    self.block(body)
                    for name, value in results.items():
                        collected[name].append(self.value(value))
                for name, values in collected.items():
                    self.results[id_, name] = values
            case Group(id=id_, body=body, results=results):
                self.block(body)
                for name, value in results.items():
                    self.results[id_, name] = self.value(value)

    def value(self, value: Value) -> Any:
        match value:
            case Const(value=constant):
                return plain(constant)
            case Param(name=name):
                return self.parameters[name]
            case Output(operation=operation, name=name):
                return self.results[operation, name]
            case Item(operation=operation, path=path):
                found = self.items[operation]
                for index in path:
                    found = found[index]
                return found
            case ListOf(items=items, is_tuple=is_tuple):
                values = [self.value(one) for one in items]
                return tuple(values) if is_tuple else values
            case DictOf(entries=entries):
                return {key: self.value(one) for key, one in entries}
            case Expr(op=op, operands=operands):
                return self.expression(op, operands)
            case _:
                raise NotImplementedError(type(value).__name__)

    def expression(self, op: str, operands: tuple[Value, ...]) -> Any:
        if op == "if":
            return self.value(operands[1] if self.value(operands[0]) else operands[2])
        if op in {"and", "or"}:
            result = self.value(operands[0])
            for operand in operands[1:]:
                if bool(result) == (op == "or"):
                    return result
                result = self.value(operand)
            return result
        return _PLAIN[op](*map(self.value, operands))


def plain(constant: Any) -> Any:
    """A constant of canonical JSON as the Python value: only what the tests' programs hold."""
    if isinstance(constant, dict) and set(constant) == {"$pipec"}:
        kind, content = constant["$pipec"]
        if kind == "dict":
            return {plain(key): plain(value) for key, value in content}
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(plain, content))
    if isinstance(constant, dict):
        return {key: plain(value) for key, value in constant.items()}
    return [plain(one) for one in constant] if isinstance(constant, list | tuple) else constant
