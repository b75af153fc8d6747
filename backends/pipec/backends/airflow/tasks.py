"""The tasks of the DAG file: what each runs, where its inputs come from, when it runs at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from pipec.backends.airflow import options
from pipec.backends.airflow.graph import Node, flatten_of
from pipec.backends.airflow.literals import Brackets, literal, quoted
from pipec.backends.airflow.model import Maker, Task
from pipec.backends.airflow.names import xcom_key
from pipec.backends.airflow.parameters import reading
from pipec.backends.airflow.resolved import first_of, gate_of
from pipec.compiler.emit import one_line
from pipec.compiler.gates import ARM, is_gate
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir.model import Call, ForEach, If
from pipec.compiler.ir.values import Item, Output, Param
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.backends.airflow import literals
    from pipec.backends.airflow.graph import Graph
    from pipec.backends.airflow.names import Names
    from pipec.backends.airflow.runner import Runner
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json, Value


@dataclass(frozen=True, slots=True)
class Tasks:
    """Makes tasks.

    Attributes:
        pipeline: with its gates.
        indices: for each loop the variable that holds its index.
        runner: how steps run.
    """

    pipeline: Pipeline
    graph: Graph
    names: Names
    indices: Mapping[str, str]
    runner: Runner

    def task(self, key: str) -> Task:
        """The task of a node of the graph."""
        node = self.graph.nodes[key]
        return self._flatten(node) if node.call is None else self._call(node, node.call)

    def _call(self, node: Node, call: Call) -> Task:
        step = self.pipeline.steps[call.step]
        arguments = {"arm": first_of(node.arguments["arm"])} if call.step == ARM else node.arguments
        static = static_invocation(replace(call, arguments=arguments), step)
        inputs: dict[str, literals.Node] = {}
        params: dict[str, Json] = {}
        for slot, leaf in static.slots.items():
            if isinstance(leaf, Param):
                params[slot] = parameter_of(leaf, is_direct=slot in call.arguments)
            else:
                inputs[slot] = self.indices[leaf.operation] if isinstance(leaf, Item) else self.source(node, leaf)
        maker = self.maker(node)
        doc = "" if is_gate(call) else step.doc
        return Task(
            variable=self.names.variables[node.key],
            task_id=self.names.ids[node.key],
            source=self._source(call),
            spec=_compact(static.spec, is_gate(call)),
            inputs=inputs,
            params=params,
            settings={**options.of_launcher(call, self.pipeline, self.runner), **self._state(call)},
            options={
                **self.runner.options(call.id, options.config_of(call, self.pipeline)),
                **self.runner.arguments(call.config, self.pipeline),
                **options.of_task(call.config, doc),
                **self._rule(node),
                **self._bound(node),
            },
            maker=maker,
            index=tuple(self.indices[loop] for loop in node.loops),
            when=self._when(node),
            arms=self._arms(node) if maker == "branch" else (),
        )

    def _flatten(self, node: Node) -> Task:
        gate = self.graph.lister(node.loop, is_gate=True)
        assert gate is not None, "a loop in a loop has a gate"
        loop = self.graph.operations[node.loop]
        assert isinstance(loop, ForEach)
        loops = (*self.graph.nodes[gate].loops, node.loop)
        return Task(
            variable=self.names.variables[node.key],
            task_id=self.names.ids[node.key],
            source=f"{one_line(loop.span.path)}, all of `{one_line(loop.variable)}` in {len(loops)} loops",
            spec={},
            inputs={"counts": f"{self.names.variables[gate]}[{quoted('count')}]"},
            params={},
            settings={},
            options=self._rule(node),
            maker="flatten",
            names=tuple(self.indices[each] for each in loops),
        )

    def _state(self, call: Call) -> dict[str, Json]:
        has_state = self.pipeline.config.hooks.on_init is not None and not is_gate(call)
        return {"state": self.names.ids[hook_key("on_init")]} if has_state else {}

    def maker(self, node: Node) -> Maker:
        """Which function of the file makes the task: a gate in a loop is a step like any other."""
        if node.call is None:
            return "flatten"
        if node.loops or not is_gate(node.call):
            return "step"
        return "branch" if node.call.step == ARM else "loop"

    def source(self, node: Node, leaf: Output) -> literals.Node:
        """Where the task finds an output: at the task that makes it, at all tasks of a loop, or at those of an iteration."""
        producer = self.graph.nodes[leaf.operation]
        variable = self.names.variables[producer.key]
        maker = self.maker(producer)
        if maker == "loop" and leaf.name == "indices":
            return variable
        if maker in {"branch", "loop"}:
            # A task that is skipped has none, which Airflow takes for a fault where a file reads it as that of others.
            key = "arm" if maker == "branch" else xcom_key(leaf.name)
            return literal({"task": self.names.ids[producer.key], "key": key})
        made = f"{variable}[{quoted(xcom_key(leaf.name))}]"
        if not producer.loops or self._is_beside(node, producer):
            return made
        shared = [loop for loop, other in zip(node.loops, producer.loops, strict=False) if loop == other]
        at = Brackets("[", tuple(("", self.indices[loop]) for loop in shared), "]")
        entries = (('"all": ', made), *((('"at": ', at),) if shared else ()))
        return Brackets("{", entries, "}")

    def _is_beside(self, node: Node, producer: Node) -> bool:
        parts = self.graph.parts
        return node.loops == producer.loops and parts[node.key] == parts[producer.key]

    def _when(self, node: Node) -> tuple[literals.Node, int] | None:
        arm = self.graph.arm_of(node.key)
        if arm is None or not node.loops:
            return None
        condition = self.graph.operations[arm[0]]
        gate = gate_of(condition) if isinstance(condition, If) else None
        return None if not isinstance(gate, Output) else (self.source(node, gate), arm[1])

    def _rule(self, node: Node) -> dict[str, literals.Node]:
        return {"trigger_rule": quoted("none_failed")} if self.graph.may_follow_skipped(node.key) else {}

    def _bound(self, node: Node) -> dict[str, literals.Node]:
        """How many of the task's instances run at once: as few as any loop around it allows."""
        loops = [self.graph.operations[loop] for loop in node.loops]
        bounds = [loop.max_parallelism for loop in loops if isinstance(loop, ForEach) and loop.max_parallelism]
        return {"max_active_tis_per_dagrun": repr(min(bounds))} if bounds else {}

    def _arms(self, node: Node) -> tuple[tuple[str, ...], ...]:
        """For each arm what runs first: its first tasks, and what reads the outcome if no task of the arm leads there."""
        condition = next(
            one for one in self.graph.operations.values() if isinstance(one, If) and _reads(gate_of(one), node.key)
        )
        inside = set(self.graph.inside(condition.id))
        joins = [key for key in self.graph.afters[node.key] if key not in inside]
        found: list[tuple[str, ...]] = []
        for number in range(len(condition.arms)):
            first = self.graph.roots(self.graph.inside(condition.id, number))
            reached = self.graph.reachable(first)
            found.append(tuple(self.names.ids[key] for key in (*first, *(key for key in joins if key not in reached))))
        return tuple(found)

    def _source(self, call: Call) -> str:
        if not is_gate(call):
            step = self.pipeline.steps[call.step]
            return one_line(f"{step.span.path}::{step.symbol.rpartition(':')[2]}")
        # Most files have none.
        from pipec.backends.airflow import wording

        function = self.pipeline.symbol.rpartition(":")[2]
        return one_line(f"{call.span.path}::{function}, {wording.of_gate(call, self.graph)}")

    def whence(self, value: Value, leaves: Iterable[Output]) -> str:
        """Where a person finds a value of the pipeline once a run is over."""
        del value
        found = dict.fromkeys(
            f"XCom `{leaf.name}` of `{self.names.ids[leaf.operation]}`"
            for leaf in leaves
            if not is_gate(self.graph.operations[leaf.operation])
        )
        return ", ".join(found) or "known before the run"


def hook_key(name: str) -> str:
    """The key of the task of a hook of the run; no id of an operation looks like it."""
    return f"\0{name}"


def _reads(gate: Value | None, key: str) -> bool:
    return isinstance(gate, Output) and gate.operation == key


def parameter_of(leaf: Param, is_direct: bool = False) -> Json:
    """The parameter's name; where the step computes with it before it is an argument, also how to read its JSON."""
    how = reading(leaf.type)
    # An argument is held to its annotation, which makes a number of the right kind.
    if how is None or (is_direct and how in {"int", "float"}):
        return leaf.name
    return [leaf.name, how]


def _compact(spec: Mapping[str, Json], is_of_gate: bool) -> dict[str, Json]:
    """The static half, an output being one word where that says all."""
    described = cast("Mapping[str, Mapping[str, Json]]", spec["outputs"])
    outputs: dict[str, Json] = {name: _word(output) for name, output in described.items()}
    if is_of_gate and "indices" in outputs:
        # The task makes them of the count.
        outputs["indices"] = "unused"
    return {key: outputs if key == "outputs" else value for key, value in spec.items() if key != "outputs" or outputs}


def _word(output: Mapping[str, Json]) -> Json:
    words: dict[tuple[str, ...], Json] = {("carrier",): output["carrier"], ("carrier", "mirrored"): "mirrored"}
    # How it is registered stands in the code folder.
    said = {key: value for key, value in output.items() if key != "registered"}
    return words.get(tuple(said), said)


def name_flattened(graph: Graph, names: Names) -> None:
    """Names for the lists of indices of loops in loops."""
    for node in graph.nodes.values():
        if node.call is None:
            names.add(flatten_of(node.loop), f"{names.ids[node.loop]}_indices")
