"""The members of a DAG file in the order of definition, and the edges among them.

A nested pipeline is a task group. A loop is a mapped task group. Airflow cannot map within what is mapped: a loop in a loop
stands beside it, mapped over the pairs of both indices, and the outer loop is cut in two where it needs what the inner one
made.

Before:   for x in xs                  After:   for_x (x): prepare
              prepare(x)                        for_y_indices: all (x, y)
              for y in ys: train(x, y)          for_y (x, y): train
              best(all of train)                for_x_2 (x): best
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow import ending
from pipec.backends.airflow.graph import Graph, flatten_of
from pipec.backends.airflow.literals import literal
from pipec.backends.airflow.model import Edge, Group, Loop, Member
from pipec.backends.airflow.names import Names
from pipec.backends.airflow.tasks import Tasks, hook_key, name_flattened
from pipec.compiler.ir import model as ir
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.walk import leaves, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.backends.airflow.runner import Runner
    from pipec.compiler.ir.model import Block, Pipeline
    from pipec.compiler.ir.values import Value

_END = "\0end"

_Part = tuple[str, int]
"""A loop and the number of one of its parts: one function of the file."""


class Members:
    """Makes the members of a DAG and its edges."""

    def __init__(self, pipeline: Pipeline, runner: Runner) -> None:
        """`pipeline` has its gates."""
        self.pipeline = pipeline
        self.graph = Graph(pipeline)
        self.names = Names(pipeline)
        name_flattened(self.graph, self.names)
        for name in ending.names(pipeline):
            self.names.add(hook_key(name), name)
        loops = [one for one in operations(pipeline.body) if isinstance(one, ir.ForEach)]
        indices = {loop.id: self.names.variable(f"{loop.variable}_index") for loop in loops}
        self.tasks = Tasks(pipeline, self.graph, self.names, indices, runner)
        self._edges = self._all_edges()

    def members(self) -> tuple[Member, ...]:
        """All of the DAG."""
        around = ending.Around(self.pipeline, self.tasks)
        return (*around.before(), *self._block(self.pipeline.body), *around.after())

    def edges(self) -> tuple[Edge, ...]:
        """Who waits for whom, but for what both stand in one part of a loop."""
        inside = [edge for part, edge in self._edges if part is None]
        around = ending.Around(self.pipeline, self.tasks)
        return (*around.edges_before(), *inside, *around.edges_after())

    def ending(self) -> tuple[str, ...]:
        """The variables of tasks whose failure nothing else is sure to show."""
        return tuple(self.names.variables[key] for key in self.graph.endings())

    def end(self) -> tuple[str, str]:
        """The id and the variable of the task that looks at them."""
        if _END not in self.names.ids:
            self.names.add(_END, "end")
        return self.names.ids[_END], self.names.variables[_END]

    def whence(self, value: Value) -> str:
        """Where a person finds a value of the pipeline once a run is over."""
        resolved = self.graph.resolver.resolve(value, ())
        return self.tasks.whence(value, (leaf for leaf in leaves(resolved) if isinstance(leaf, Output)))

    def _block(self, block: Block) -> Iterator[Member]:
        """The members of a block outside all loops."""
        for operation in block.operations:
            match operation:
                case ir.Call(id=id_):
                    yield self.tasks.task(id_)
                case ir.Group(id=id_, body=body):
                    yield Group(self.names.variables[id_], self.names.ids[id_], tuple(self._block(body)))
                case ir.If(arms=arms):
                    for arm in arms:
                        yield from self._block(arm.body)
                case ir.ForEach():
                    yield from self._loop(operation)

    def _loop(self, loop: ir.ForEach) -> Iterator[Member]:
        """The parts of a loop and the loops between them."""
        own = [key for key, node in self.graph.nodes.items() if node.loops[-1:] == (loop.id,)]
        inner = [
            one for one in operations(loop.body) if isinstance(one, ir.ForEach) and self._loop_around(one.id) == loop.id
        ]
        parts = self.graph.parts
        for part in sorted({parts[key] for key in [*own, *(one.id for one in inner)]}):
            if any(parts[key] == part for key in own):
                yield self._part(loop, part)
            for one in inner:
                if parts[one.id] == part:
                    yield self.tasks.task(flatten_of(one.id))
                    yield from self._loop(one)

    def _loop_around(self, id_: str) -> str | None:
        loops = [scope for kind, scope, _ in self.graph.paths[id_] if kind == "loop"]
        return loops[-1] if loops else None

    def _part(self, loop: ir.ForEach, part: int) -> Loop:
        lister = self.graph.lister(loop.id)
        assert lister is not None or isinstance(loop.items, Const)
        group_id, variable = self._names_of_part(loop, part)
        return Loop(
            variable=variable,
            group_id=group_id,
            indices=tuple(self.tasks.indices[one] for one in self._loops(loop)),
            over=literal(loop.items.value) if isinstance(loop.items, Const) else self.names.variables[str(lister)],
            members=tuple(self._inside(loop.body, (loop.id, part))),
            edges=tuple(edge for where, edge in self._edges if where == (loop.id, part)),
            returned=self._returned((loop.id, part)),
        )

    def _names_of_part(self, loop: ir.ForEach, part: int) -> tuple[str, str]:
        key = loop.id if part == 0 else f"{loop.id}\0{part}"
        if key not in self.names.ids:
            self.names.add(key, f"{self.names.ids[loop.id]}_{part + 1}")
        return self.names.ids[key], self.names.variables[key]

    def _loops(self, loop: ir.ForEach) -> tuple[str, ...]:
        return (*(id_ for kind, id_, _ in self.graph.paths[loop.id] if kind == "loop"), loop.id)

    def _inside(self, block: Block, part: _Part) -> Iterator[Member]:
        """The members of one part of a loop. A nested pipeline that is not whole in it is no group."""
        for operation in block.operations:
            match operation:
                case ir.Call(id=id_):
                    if self._part_of(id_) == part:
                        yield self.tasks.task(id_)
                case ir.Group(id=id_, body=body):
                    members = tuple(self._inside(body, part))
                    is_whole = all(self._part_of(key) == part for key in self.graph.inside(id_))
                    yield from (
                        (Group(self.names.variables[id_], self.names.ids[id_], members),) if is_whole else members
                    )
                case ir.If(arms=arms):
                    for arm in arms:
                        yield from self._inside(arm.body, part)
                case ir.ForEach():
                    pass

    def _part_of(self, key: str) -> _Part | None:
        loops = self.graph.nodes[key].loops
        return (loops[-1], self.graph.parts[key]) if loops else None

    def _all_edges(self) -> list[tuple[_Part | None, Edge]]:
        """Each edge with the part of a loop that it lies in; groups outside of loops stand for their tasks."""
        variables = self.names.variables
        found: list[tuple[_Part | None, Edge]] = []
        keys = [key for id_ in self.graph.operations for key in (id_, flatten_of(id_))]
        order = {key: place for place, key in enumerate(keys)}
        for operation in self.graph.operations.values():
            for group in [operation] if isinstance(operation, ir.Group) else []:
                found += [(None, Edge(variables[one], variables[group.id])) for one in self._whole(group, order)]
            keys = [operation.id] if isinstance(operation, ir.Call) else []
            keys += [flatten_of(operation.id)] if flatten_of(operation.id) in self.graph.nodes else []
            for key in keys:
                for before in self._shown(key, order):
                    part = self._part_of(key)
                    inside = part if before in self.graph.nodes and self._part_of(before) == part else None
                    found.append((inside, Edge(variables[before], variables[key])))
        return found

    def _whole(self, group: ir.Group, order: dict[str, int]) -> list[str]:
        """What a group waits for as a whole, where the file can say it."""
        if not group.after or self._loop_around(group.id) is not None:
            return []
        ends = {end for id_ in group.after for end in self._ends(id_)}
        return sorted(ends, key=order.__getitem__)

    def _ends(self, id_: str) -> Iterator[str]:
        operation = self.graph.operations[id_]
        if isinstance(operation, ir.Group) and self._loop_around(id_) is None and self.graph.inside(id_):
            yield id_
        else:
            yield from self.graph.ends(id_)

    def _shown(self, key: str, order: dict[str, int]) -> list[str]:
        """What a task waits for as the file says it: groups as wholes, and not what a group around it waits for."""
        node = self.graph.nodes[key]
        befores = dict(self.graph.befores[key])
        after = node.call.after if node.call is not None else ()
        reads = {
            leaf.operation for value in node.arguments.values() for leaf in leaves(value) if isinstance(leaf, Output)
        }
        around = [self.graph.operations[id_] for kind, id_, _ in node.path if kind == "group" and not node.loops]
        hidden = {end for group in around for id_ in group.after for end in self.graph.ends(id_)}
        # In a loop there are no groups to name as wholes.
        own = {end for id_ in after for end in self._ends(id_)} if not node.loops else set[str]()
        implied = {end for id_ in after if id_ in own for end in self.graph.ends(id_)}
        shown = {one for one in befores if one in reads or one not in hidden | implied} | own
        return sorted(shown, key=order.__getitem__)

    def _returned(self, part: _Part) -> tuple[str, ...]:
        """The variables of the tasks of a part that are named outside of it."""
        variables = self.names.variables
        named = {name for where, edge in self._edges if where != part for name in (edge.before, edge.after)}
        named |= set(self.ending())
        around = ending.Around(self.pipeline, self.tasks)
        named |= {edge.before for edge in around.edges_after()} | {edge.after for edge in around.edges_before()}
        keys = [key for key in self.graph.nodes if self._part_of(key) == part]
        read = {before for key in self.graph.nodes if self._part_of(key) != part for before in self.graph.befores[key]}
        outputs = [self.graph.resolver.resolve(output.value, ()) for output in self.pipeline.outputs]
        read |= {leaf.operation for value in outputs for leaf in leaves(value) if isinstance(leaf, Output)}
        return tuple(variables[key] for key in keys if variables[key] in named or key in read)
