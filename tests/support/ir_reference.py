"""What a pipeline of the IR means, told as simply as can be: operations in order, steps as Python functions.

A step that fails fails what reads what it would have given, and all else goes on (`continue_on_failure`).
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
        steps: the function of each step, by symbol.
        parameters: the value of each parameter.
        results: what operations gave, by id and name; what is not there will never be.
        states: how each call ended, by instance (`train`, in loops `train@2.0`): `succeeded`, `failed`, `skipped` by a
            condition, `upstream_failed`.
        faults: what steps, conditions and items raised, in order.
    """

    pipeline: Pipeline
    steps: Mapping[str, Callable[..., Any]]
    parameters: Mapping[str, Any]
    results: dict[tuple[str, str], Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)
    indices: tuple[int, ...] = ()
    bad: set[str] = field(default_factory=set)

    def outputs(self) -> list[Any]:
        """What the pipeline gives, in order.

        Raises:
            Exception: what the first that failed raised.
        """
        self.block(self.pipeline.body)
        if self.faults:
            raise self.faults[0]
        return [self.value(one.value) for one in self.pipeline.outputs]

    def whatever_happens(self) -> dict[str, Any]:
        """The outputs that there are, by name."""
        self.block(self.pipeline.body)
        return {one.name: self.value(one.value) for one in self.pipeline.outputs if self.is_there(one.value)}

    def block(self, block: Block) -> bool:
        """Whether nothing in it failed."""
        return all([self.operation(one) for one in block.operations])

    def operation(self, operation: Operation) -> bool:
        for key in [key for key in self.results if key[0] == operation.id]:
            del self.results[key]  # of the iteration before
        self.bad.discard(operation.id)
        if any(id_ in self.bad for id_ in operation.after):
            is_good = self.stop(operation)
        else:
            match operation:
                case Call():
                    is_good = self.call(operation)
                case If():
                    is_good = self.branch(operation)
                case ForEach():
                    is_good = self.loop(operation)
                case Group(id=id_, body=body, results=results):
                    is_good = self.block(body)
                    for name, value in results.items():
                        self.give(id_, name, value)
        if not is_good:
            self.bad.add(operation.id)
        return is_good

    def call(self, call: Call) -> bool:
        if not all(map(self.is_there, call.arguments.values())):
            return self.stop(call)
        step = self.pipeline.steps[call.step]
        try:
            returned = self.steps[call.step](**{name: self.value(value) for name, value in call.arguments.items()})
        except Exception as problem:
            self.faults.append(problem)
            return self.ended(call, "failed")
        values = returned if step.returns_tuple else (returned,)
        for output, value in zip(step.outputs, values, strict=False):
            self.results[call.id, output.name] = value
        return self.ended(call, "succeeded")

    def branch(self, branch: If) -> bool:
        """Arms whose conditions do not hold are skipped; where one cannot be computed, it and all later arms are stopped."""
        for number, arm in enumerate(branch.arms):
            if arm.condition is not None and not self.is_there(arm.condition):
                return self.undecided(branch, number)
            try:
                holds = arm.condition is None or self.value(arm.condition)
            except Exception as problem:
                self.faults.append(problem)
                return self.undecided(branch, number)
            if holds:
                return self.taken(branch, number)
            self.inside(arm.body, "skipped")
        return True

    def taken(self, branch: If, taken: int) -> bool:
        """The arm that runs; those after it are skipped."""
        for arm in branch.arms[taken + 1 :]:
            self.inside(arm.body, "skipped")
        is_good = self.block(branch.arms[taken].body)
        for name, values in branch.results.items():
            self.give(branch.id, name, values[taken])
        return is_good

    def undecided(self, branch: If, number: int) -> bool:
        """Nothing of this arm and of those after it runs."""
        for arm in branch.arms[number:]:
            self.inside(arm.body, "upstream_failed")
        return False

    def loop(self, loop: ForEach) -> bool:
        """What one iteration does not give, the list of all of them does not have: there is none."""
        if not self.is_there(loop.items):
            return self.stop(loop)
        try:
            items = list(self.value(loop.items))
        except Exception as problem:
            self.faults.append(problem)
            return self.stop(loop)
        collected: dict[str, list[Any]] = {name: [] for name in loop.results}
        outside, is_good = self.indices, True
        for number, item in enumerate(items):
            self.items[loop.id], self.indices = item, (*outside, number)
            is_good = self.block(loop.body) and is_good
            for name, value in loop.results.items():
                if self.is_there(value):
                    collected[name].append(self.value(value))
        self.indices = outside
        for name, values in collected.items():
            if len(values) == len(items):
                self.results[loop.id, name] = values
        return is_good

    def give(self, id_: str, name: str, value: Value) -> None:
        """A result of an operation that has a body."""
        if self.is_there(value):
            self.results[id_, name] = self.value(value)

    def ended(self, call: Call, state: str) -> bool:
        self.states[f"{call.id}@{'.'.join(map(str, self.indices))}" if self.indices else call.id] = state
        return state == "succeeded"

    def stop(self, operation: Operation) -> bool:
        """Nothing of it runs, for something before it failed."""
        self.inside(Block((operation,)), "upstream_failed")
        return False

    def inside(self, block: Block, state: str) -> None:
        """Each call of a block that is not entered has this state."""
        for operation in block.operations:
            match operation:
                case Call():
                    self.ended(operation, state)
                case If(arms=arms):
                    for arm in arms:
                        self.inside(arm.body, state)
                case ForEach(body=body) | Group(body=body):
                    self.inside(body, state)

    def is_there(self, value: Value) -> bool:
        """Whether there is everything that a value names, needed in the end or not."""
        match value:
            case Output(operation=operation, name=name):
                return (operation, name) in self.results
            case ListOf(items=parts) | Expr(operands=parts):
                return all(map(self.is_there, parts))
            case DictOf(entries=entries):
                return all(self.is_there(part) for _, part in entries)
            case _:
                return True

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
