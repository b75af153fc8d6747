"""What nested pipelines, branches and loops let out: every result becomes values that a DAG template can carry.

A nested pipeline lets out the single results that its own are made of, and its readers put them together:

Before:   group `prepare` with results {"scores": ListOf(Output(a, output), Output(b, output)), "rate": Const(0.1)}
After:    exports of `prepare`: {"scores-0": Output(a, output), "scores-1": Output(b, output)}
          Output(prepare, scores) reads as ListOf(Output(prepare, scores-0), Output(prepare, scores-1)),
          Output(prepare, rate) as Const(0.1)

A branch lets out one value where each arm has a number or each arm has an artifact of its own. Otherwise it lets out
what there is, and its readers pick:

Before:   if_1 = if $flag: a = … else: -> (r = %a.output | None)
After:    Output(if_1, r) reads as Expr(if, $flag, Output(if_1, r-0), None)

A loop collects single results; what is put together in an iteration is put together by a gate in its body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.carriers import Carriers, Export
from pipec.backends.argo.names import parameter
from pipec.compiler.gates import is_gate, value_gate
from pipec.compiler.ir.model import Block, Call, ForEach, Group, If, Pipeline
from pipec.compiler.ir.rewrite import map_leaves, map_values, rewrite
from pipec.compiler.ir.types import is_json
from pipec.compiler.ir.values import Expr, Output, Param
from pipec.compiler.ir.walk import calls, dependencies, leaves, operations
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipec.compiler.ir.model import Operation, StepDef
    from pipec.compiler.ir.values import Value
    from pipec.compiler.ir.walk import Leaf
    from pipec.compiler.source import Span


@dataclass(frozen=True, slots=True)
class Flattened:
    """The pipeline with every read of a result of a body replaced by reads of single exports, and how each travels."""

    pipeline: Pipeline
    carriers: Carriers


def flatten(pipeline: Pipeline) -> Flattened:
    """See the module's docstring. Operations are taken from the inside out, each before those that read it."""
    work = _Flattening(Carriers(pipeline), {operation.id for operation in operations(pipeline.body)})
    body = rewrite(pipeline.body, work.change)
    gates: list[Operation] = []
    outputs = tuple(replace(one, value=work.visible(one.name, one.value, pipeline, gates)) for one in pipeline.outputs)
    steps = {**pipeline.steps, **work.steps}
    body = rewrite(Block((*body.operations, *gates)), lambda one: (_configured(one, pipeline, work.carriers),))
    flattened = replace(pipeline, body=body, outputs=outputs, steps=steps)
    work.carriers.calls |= {call.id: call for call in calls(body)}
    work.carriers.place(flattened)
    return Flattened(flattened, work.carriers)


def _configured(operation: Operation, pipeline: Pipeline, carriers: Carriers) -> Operation:
    """A gate runs under what the pipeline sets for all its steps, on an image that can read what it reads."""
    if not isinstance(operation, Call) or not is_gate(operation):
        return operation
    common = pipeline.config
    docker = next((maker.config.docker for maker in carriers.makers(operation) if maker.config.docker), common.docker)
    config = replace(operation.config, environment=common.environment, secrets=common.secrets, docker=docker)
    return replace(operation, config=config)


@dataclass(slots=True)
class _Flattening:
    """One run of `flatten`.

    Attributes:
        taken: all ids.
        known: what stands for each result of a body that was taken apart.
        steps: the gates that were needed.
        gone: what to wait for in the place of a branch that does nothing.
        waiting: branches that the operation at hand must wait for although it reads nothing of theirs any more.
    """

    carriers: Carriers
    taken: set[str]
    known: dict[tuple[str, str], Value] = field(default_factory=lambda: {})
    steps: dict[str, StepDef] = field(default_factory=lambda: {})
    gone: dict[str, tuple[str, ...]] = field(default_factory=lambda: {})
    waiting: dict[str, None] = field(default_factory=lambda: {})

    def change(self, operation: Operation) -> Sequence[Operation]:
        self.waiting = {}
        operation = map_values(operation, self.resolve)
        after = [other for id_ in operation.after for other in self.gone.get(id_, (id_,))]
        after += [other for id_ in self.waiting for other in self.gone.get(id_, (id_,))]
        operation = replace(operation, after=tuple(dict.fromkeys(after)))
        match operation:
            case Call():
                return (operation,)
            case Group():
                return self.unless_empty(self.group(operation), operation.body)
            case If():
                return self.branch(operation)
            case ForEach():
                changed = self.loop(operation)
                return self.unless_empty(changed, changed.body)

    def unless_empty(self, operation: Operation, body: Block) -> Sequence[Operation]:
        """The operation, or nothing where it does nothing: who waits for it waits for what came before."""
        if body.operations:
            return (operation,)
        self.gone[operation.id] = dependencies(operation)
        return ()

    def resolve(self, value: Value) -> Value:
        return map_leaves(value, self.leaf)

    def leaf(self, leaf: Leaf) -> Value:
        if not isinstance(leaf, Output) or (leaf.operation, leaf.name) not in self.known:
            return leaf
        value = self.known[leaf.operation, leaf.name]
        if all(not isinstance(one, Output) or one.operation != leaf.operation for one in leaves(value)):
            self.waiting[leaf.operation] = None
        return value

    def group(self, group: Group) -> Group:
        inside = {operation.id for operation in operations(group.body)}
        for name, value in group.results.items():
            self.known[group.id, name] = self.outward(group.id, name, value, inside)
        return replace(group, results={})

    def outward(self, id_: str, name: str, value: Value, inside: set[str], arm: int = 0, arms: int = 1) -> Value:
        """The value as it is read outside, each output made inside let out on its own."""
        is_leaf = isinstance(value, Output) and arms == 1
        count = 0

        def change(leaf: Leaf) -> Value:
            nonlocal count
            if not isinstance(leaf, Output) or leaf.operation not in inside:
                return leaf
            export = parameter(name) if is_leaf else f"{parameter(name)}-{arm if arms > 1 else count}"
            export = export if arms == 1 or not count else f"{export}-{count}"
            count += 1
            alone = tuple(leaf if index == arm else None for index in range(arms))
            return Output(id_, self.carriers.add(id_, export, Export(alone)), leaf.type)

        return map_leaves(value, change)

    def branch(self, operation: If) -> Sequence[Operation]:
        arms = [{inner.id for inner in operations(arm.body)} for arm in operation.arms]
        results: dict[str, tuple[Value, ...]] = {}
        for name, values in operation.results.items():
            if any(arms) and self.is_one_value(values, arms):
                export = self.carriers.add(operation.id, parameter(name), Export(values))
                results[export] = values
                self.known[operation.id, name] = Output(operation.id, export, values[0].type)
                continue
            picked = [
                self.outward(operation.id, name, value, inside, index, len(arms))
                for index, (value, inside) in enumerate(zip(values, arms, strict=True))
            ]
            self.known[operation.id, name] = _pick(operation, picked)
        operation = replace(operation, results=results)
        return self.unless_empty(operation, Block(tuple(one for arm in operation.arms for one in arm.body.operations)))

    def is_one_value(self, values: Sequence[Value], arms: Sequence[set[str]]) -> bool:
        """Whether the arms' values leave the branch as one: all are parameters, or all are artifacts made in their arm."""
        kinds = {self.carriers.kind_of(value) for value in values}
        if kinds == {"artifact"}:
            made = zip(values, arms, strict=True)
            return all(isinstance(value, Output) and value.operation in inside for value, inside in made)
        return kinds == {"parameter"}

    def loop(self, loop: ForEach) -> ForEach:
        inside = {operation.id for operation in operations(loop.body)}
        gates: list[Operation] = []
        for name, value in loop.results.items():
            element = value
            if not self.is_collected(loop.id, element, inside):
                element = self.gate(f"{loop.id}_{name}", value, loop.span, gates)
            assert isinstance(element, Output), "a gate's output"
            export = self.carriers.add(loop.id, parameter(name), Export((element,)))
            self.carriers.collect(Output(loop.id, export, element.type))
            self.known[loop.id, name] = Output(loop.id, export, element.type)
        body = Block((*loop.body.operations, *gates)) if gates else loop.body
        return replace(loop, body=body, results={})

    def is_collected(self, loop: str, value: Value, inside: set[str]) -> bool:
        """Whether each iteration lets the value out as it is; an artifact can lie in one list only."""
        return isinstance(value, Output) and value.operation in inside and self.carriers.is_free(loop, value)

    def gate(self, base: str, value: Value, span: Span, gates: list[Operation], *, is_mirrored: bool = False) -> Output:
        id_ = f"{base}_gate"
        while id_ in self.taken:
            id_ += "_"
        self.taken.add(id_)
        call, step = value_gate(id_, value, span, is_mirrored=is_mirrored)
        self.steps[step.symbol] = step
        self.carriers.calls[id_] = call
        self.carriers.steps[step.symbol] = step
        gates.append(call)
        return Output(id_, "output", step.outputs[0].type)

    def visible(self, name: str, value: Value, pipeline: Pipeline, gates: list[Operation]) -> Value:
        """What a run shows: a parameter of the run or a single result, otherwise what a gate at the end computes."""
        resolved = self.resolve(value)
        if isinstance(resolved, Param):
            return resolved
        if isinstance(resolved, Output) and self.carriers.kind_of(resolved) in {"parameter", "artifact"}:
            return resolved
        return self.gate(name, resolved, pipeline.span, gates, is_mirrored=is_json(value.type))


def _pick(operation: If, values: Sequence[Value]) -> Value:
    """What a reader outside computes: the value of the first arm whose condition holds."""
    picked = values[-1]
    pairs: Iterable[tuple[Value | None, Value]] = zip(
        [arm.condition for arm in operation.arms[:-1]], values[:-1], strict=True
    )
    for condition, value in reversed(list(pairs)):
        assert condition is not None, "only the last arm has none"
        picked = Expr("if", (condition, value, picked), value.type)
    return picked
