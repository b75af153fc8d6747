"""The invariants of the IR. A broken one is a fault of the compiler, or of a `.ir.json` that somebody edited.

- ids are unique in the pipeline;
- a value reads parameters of the pipeline, items of the loops around it, and outputs that exist of operations that come
  earlier in its own scope or in one around it; only `after` may name later operations, and no operation twice;
- a call names a step of the table, passes inputs that the step has and all that it requires; the table holds exactly
  the steps that are called;
- an `If` has arms, its `else` last, and one value per arm for each result (so results are total);
- what travels as a parameter is number-like, and only outputs that do not are mirrored;
- code lies below its root, constants are well-formed canonical JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipec.compiler.ir import walk
from pipec.compiler.ir.constants import NotConstant, kind_of, text
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.types import Type, is_number_like
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, ListOf, Output, Param
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipec.compiler.ir.model import Block, Operation, Pipeline, StepDef
    from pipec.compiler.ir.values import Json, Value


def verify(pipeline: Pipeline, *, is_lifted: bool = False) -> list[str]:
    """The broken invariants of a pipeline, in the order of the source; empty if it is sound.

    Args:
        pipeline: any pipeline.
        is_lifted: whether `lift_after` has run: `after` then names only operations of the same or an outer scope.
    """
    check = _Check(pipeline, is_lifted)
    check.pipeline_level()
    check.code()
    check.block(pipeline.body, tuple(output.value for output in pipeline.outputs), "pipeline output")
    return check.violations


@dataclass(slots=True)
class _Check:
    """One verification, which walks the bodies as scopes.

    Attributes:
        seen: ids met so far.
        visible: the operations that may be read at the present place, with the names of their outputs.
        scope: ids of the block at hand and of those around it, also of operations that come later.
        loops: ids of the loops around the present place.
        known: all ids.
    """

    pipeline: Pipeline
    is_lifted: bool
    violations: list[str] = field(default_factory=lambda: [])
    seen: set[str] = field(default_factory=set[str])
    visible: dict[str, Collection[str]] = field(default_factory=lambda: {})
    scope: set[str] = field(default_factory=set[str])
    loops: set[str] = field(default_factory=set[str])
    parameters: set[str] = field(default_factory=set[str])
    known: set[str] = field(default_factory=set[str])

    def report(self, where: str, what: str) -> None:
        self.violations.append(f"{where}: {what}")

    def pipeline_level(self) -> None:
        for parameter in self.pipeline.parameters:
            if parameter.name in self.parameters:
                self.report("pipeline", f"parameter `{parameter.name}` occurs twice")
            self.parameters.add(parameter.name)
            if parameter.default is not None:
                self.value(parameter.default, f"parameter `{parameter.name}`")
        self.known = {operation.id for operation in walk.operations(self.pipeline.body)}
        called = dict.fromkeys(call.step for call in walk.calls(self.pipeline.body))
        names = [output.name for output in self.pipeline.outputs]
        if len(set(names)) != len(names):
            self.report("pipeline", "two outputs have one name")
        for symbol, step in self.pipeline.steps.items():
            if symbol not in called:
                self.report("steps", f"`{symbol}` is called nowhere")
            self.step(symbol, step)

    def code(self) -> None:
        """Code is written below a folder of its own: no path may lead out of it."""
        paths = [file.path for file in self.pipeline.code]
        for path in paths:
            if not path or path.startswith("/") or "\\" in path or ":" in path or ".." in path.split("/"):
                self.report("code", f"`{path}` is not a path below the code root")
        if len(set(paths)) != len(paths):
            self.report("code", "two files have one path")

    def step(self, symbol: str, step: StepDef) -> None:
        if symbol != step.symbol:
            self.report("steps", f"`{step.symbol}` stands under `{symbol}`")
        for names in ([item.name for item in step.inputs], [item.name for item in step.outputs]):
            if len(set(names)) != len(names):
                self.report("steps", f"`{symbol}` has two inputs or two outputs of one name")
        for output in step.outputs:
            if output.carrier == "parameter" and not is_number_like(output.type):
                self.report(
                    "steps", f"output `{output.name}` of `{symbol}` travels as a parameter but is `{output.type}`"
                )

    def block(self, block: Block, results: tuple[Value, ...], where: str) -> None:
        """A block and what leaves it; afterwards nothing of it is visible any more."""
        fresh = walk.ids(block) - self.scope
        self.scope |= fresh
        for operation in block.operations:
            self.operation(operation)
            self.bodies(operation)
            self.visible[operation.id] = self.output_names(operation)
        self.values(results, where)
        for operation in block.operations:
            self.visible.pop(operation.id, None)
        self.scope -= fresh

    def bodies(self, operation: Operation) -> None:
        where = f"result of `{operation.id}`"
        match operation:
            case Call():
                pass
            case If(arms=arms, results=results):
                for index, arm in enumerate(arms):
                    self.block(arm.body, tuple(v[index] for v in results.values() if index < len(v)), where)
            case ForEach(id=id_, body=body, results=results):
                self.loops.add(id_)
                self.block(body, tuple(results.values()), where)
                self.loops.discard(id_)
            case Group(body=body, results=results):
                self.block(body, tuple(results.values()), where)

    def operation(self, operation: Operation) -> None:
        """The operation itself, before its bodies."""
        where = f"`{operation.id}`"
        if operation.id in self.seen:
            self.report(where, "the id occurs twice")
        self.seen.add(operation.id)
        self.values(walk.values_of(operation), where)
        self.after(operation)
        match operation:
            case Call():
                self.call(operation)
            case If():
                self.condition(operation)
            case ForEach(max_parallelism=bound) if bound is not None and bound < 1:
                self.report(where, "`max_parallelism` is less than 1")
            case _:
                pass

    def condition(self, operation: If) -> None:
        where = f"`{operation.id}`"
        arms = operation.arms
        if not arms or any(arm.condition is None for arm in arms[:-1]):
            self.report(where, "an `If` has arms, and only the last may be without a condition")
        for name, values in operation.results.items():
            if len(values) != len(arms):
                self.report(where, f"result `{name}` has {len(values)} values for {len(arms)} arms")
        if operation.results and arms and arms[-1].condition is not None:
            self.report(where, "the results of an `If` without `else` are not total")

    def after(self, operation: Operation) -> None:
        where = f"`{operation.id}`"
        if len(set(operation.after)) != len(operation.after):
            self.report(where, "`after` names an operation twice")
        for id_ in operation.after:
            if id_ not in self.known:
                self.report(where, f"`after` names `{id_}`, which does not exist")
            elif self.is_lifted and id_ not in self.scope:
                self.report(where, f"`after` names `{id_}`, which is in another scope")

    def call(self, call: Call) -> None:
        where = f"`{call.id}`"
        step = self.pipeline.steps.get(call.step)
        if step is None:
            self.report(where, f"step `{call.step}` is not in the table")
            return
        known = {item.name for item in step.inputs}
        for name in call.arguments.keys() - known:
            self.report(where, f"step `{call.step}` has no input `{name}`")
        for item in step.inputs:
            if item.is_required and item.name not in call.arguments:
                self.report(where, f"required input `{item.name}` is not given")
        artifacts = {output.name for output in step.outputs if output.carrier == "artifact"}
        for name in call.mirrored:
            if name not in artifacts:
                self.report(where, f"`{name}` is mirrored but is no artifact output")
        if call.label is not None:
            self.value(call.label, where)

    def output_names(self, operation: Operation) -> Collection[str]:
        if isinstance(operation, Call):
            step = self.pipeline.steps.get(operation.step)
            return () if step is None else {output.name for output in step.outputs}
        return operation.results.keys()

    def values(self, values: tuple[Value, ...], where: str) -> None:
        for value in values:
            self.value(value, where)

    def value(self, value: Value, where: str) -> None:
        pending = [value]
        while pending:
            top = pending.pop()
            if type(top.type) is not Type:
                self.report(where, "a value has no type")
            if isinstance(top, ListOf | DictOf | Expr):
                pending.extend(reversed(walk.operands(top)))
            else:
                self.leaf(top, where)

    def leaf(self, leaf: walk.Leaf, where: str) -> None:
        match leaf:
            case Param(name=name) if name not in self.parameters:
                self.report(where, f"the pipeline has no parameter `{name}`")
            case Item(operation=id_) if id_ not in self.loops:
                self.report(where, f"`{id_}` is no loop around this place")
            case Output(operation=id_, name=name):
                outputs = self.visible.get(id_)
                if outputs is None:
                    self.report(where, f"reads `{id_}.{name}`, which is not made earlier in a scope around it")
                elif name not in outputs:
                    self.report(where, f"reads `{id_}.{name}`, but `{id_}` has no such output")
            case Const(value=constant) if (fault := _fault_of(constant)) is not None:
                self.report(where, fault)
            case _:
                pass


def _fault_of(constant: Json) -> str | None:
    """What is wrong with canonical JSON: a malformed tag, or what has no text."""
    if constant is None or isinstance(constant, bool | int | str):
        return None
    pending: list[Json] = [constant]
    try:
        while pending:
            top = pending.pop()
            if kind_of(top) is None and isinstance(top, dict):
                pending.extend(cast("Mapping[str, Json]", top).values())
            elif isinstance(top, list | tuple):
                pending.extend(cast("Sequence[Json]", top))
        text(constant)
    except (NotConstant, TypeError, ValueError) as error:
        return f"a constant is not canonical JSON: {error}"
    return None
