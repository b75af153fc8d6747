"""Which task waits for which, task by task: what the `>>` lines, trigger rules and branches of the DAG file come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.resolved import Path, Resolver, gate_of, loops_of
from pipec.compiler.ir.model import Call, ForEach, If
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.walk import bodies, leaves
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipec.compiler.ir.model import Block, Operation, Pipeline
    from pipec.compiler.ir.values import Value


def flatten_of(loop: str) -> str:
    """The key of the task that lists the indices of a loop in a loop; no id of an operation looks like it."""
    return f"{loop}\0"


@dataclass(frozen=True, slots=True)
class Node:
    """A task: a call, or (`call` is None) the list of the indices of `loop`, a loop in a loop.

    Attributes:
        path: the bodies around it. A list of indices stands outside all loops.
        loops: the ids of the loops around it, outer first.
        arguments: of the call, as `Resolver` says them.
    """

    key: str
    path: Path
    loops: tuple[str, ...]
    call: Call | None
    loop: str
    arguments: Mapping[str, Value]


class Graph:
    """The tasks of a pipeline and their order.

    Attributes:
        operations: all operations by id.
        paths: the bodies around each operation.
        nodes: the tasks in the order of definition.
        befores: for each task those that it waits for.
        afters: for each task those that wait for it.
        parts: the number of the part of its innermost loop in which a task runs, or a loop stands: what needs all
            results of an inner loop is in a later part than what that loop needs.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.operations: dict[str, Operation] = {}
        self.paths: dict[str, Path] = {}
        self._enter(pipeline.body, ())
        self.resolver = Resolver(self.operations, self.paths)
        self.nodes: dict[str, Node] = {}
        for operation in self.operations.values():
            self._node(operation)
        self.befores: dict[str, dict[str, None]] = {key: dict(self._reads(node)) for key, node in self.nodes.items()}
        self._inside: dict[str, tuple[str, ...]] = {}
        self._order()
        self._enter_bodies()
        self.afters: dict[str, list[str]] = {key: [] for key in self.nodes}
        for key, befores in self.befores.items():
            for before in befores:
                self.afters[before].append(key)
        self.parts = self._parts()

    def _enter(self, block: Block, path: Path) -> None:
        for operation in block.operations:
            self.operations[operation.id] = operation
            self.paths[operation.id] = path
            kind = "arm" if isinstance(operation, If) else "loop" if isinstance(operation, ForEach) else "group"
            for number, body in enumerate(bodies(operation)):
                self._enter(body, (*path, (kind, operation.id, number)))

    def _node(self, operation: Operation) -> None:
        path = self.paths[operation.id]
        loops = loops_of(path)
        if isinstance(operation, Call):
            arguments = {name: self.resolver.resolve(value, loops) for name, value in operation.arguments.items()}
            self.nodes[operation.id] = Node(operation.id, path, loops, operation, "", arguments)
        elif isinstance(operation, ForEach) and loops:
            key = flatten_of(operation.id)
            outside = path[: [kind for kind, _, _ in path].index("loop")]
            self.nodes[key] = Node(key, outside, (), None, operation.id, {})

    def _reads(self, node: Node) -> Iterator[tuple[str, None]]:
        if node.call is None:
            items = self.lister(node.loop, is_gate=True)
            assert items is not None, "a loop in a loop has a gate"
            yield items, None
        for value in node.arguments.values():
            yield from ((leaf.operation, None) for leaf in leaves(value) if isinstance(leaf, Output))

    def lister(self, loop: str, *, is_gate: bool = False) -> str | None:
        """The key of the task that lists the indices of a loop; None where the list is a constant."""
        operation = self.operations[loop]
        assert isinstance(operation, ForEach)
        if isinstance(operation.items, Const):
            return None
        if loops_of(self.paths[loop]) and not is_gate:
            return flatten_of(loop)
        assert isinstance(operation.items, Output), "a loop runs over the indices of its gate"
        return operation.items.operation

    def inside(self, operation: str, arm: int | None = None) -> tuple[str, ...]:
        """The keys of all tasks in the bodies of an operation, or in one of its arms."""
        return tuple(
            key
            for key, node in self.nodes.items()
            if any(id_ == operation and (arm is None or arm == number) for _, id_, number in node.path)
        )

    def ends(self, operation: str) -> Iterator[str]:
        """The tasks that must have ended for an operation to have ended."""
        found = self.operations[operation]
        if isinstance(found, Call):
            yield operation
            return
        inside = self.inside(operation)
        waited = {before for key in inside for before in self.befores[key]}
        yield from (key for key in inside if key not in waited)
        if isinstance(found, If) and (gate := gate_of(found)) is not None:
            # An arm may be empty.
            assert isinstance(gate, Output)
            yield gate.operation
        if isinstance(found, ForEach) and not inside and (lister := self.lister(operation)) is not None:
            yield lister

    def roots(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of some tasks that wait for none of them."""
        among = dict.fromkeys(keys)
        return tuple(key for key in among if not any(before in among for before in self.befores[key]))

    def _order(self) -> None:
        """What `after` says, of calls first and then of what has bodies, whose first tasks wait."""
        for operation in self.operations.values():
            waited = [end for id_ in operation.after for end in self.ends(id_)]
            starts = (operation.id,) if isinstance(operation, Call) else self.roots(self.inside(operation.id))
            for key in starts if waited else ():
                self.befores[key].update((end, None) for end in waited if end != key)

    def _enter_bodies(self) -> None:
        """The first tasks of an arm wait for its gate, those of a loop for the list of its indices."""
        for operation in reversed(self.operations.values()):
            match operation:
                case ForEach(id=id_):
                    lister = self.lister(id_)
                    own = [key for key in self.inside(id_) if self.nodes[key].loops[-1:] == (id_,)]
                    if lister is not None:
                        for key in self.roots(own):
                            self.befores[key][lister] = None
                case If():
                    self._enter_arms(operation)
                case _:
                    pass

    def _enter_arms(self, condition: If) -> None:
        gate = gate_of(condition)
        if gate is None:
            return
        assert isinstance(gate, Output)
        for number in range(len(condition.arms)):
            inside = self.inside(condition.id, number)
            roots = self.roots(inside)
            for key in inside:
                # In a loop each task looks by itself whether its arm is the one.
                is_data = bool(self.nodes[gate.operation].loops) and self.arm_of(key) == (condition.id, number)
                if is_data or key in roots or self.may_follow_skipped(key):
                    self.befores[key][gate.operation] = None

    def arm_of(self, key: str) -> tuple[str, int] | None:
        """The innermost condition around a task within its innermost loop, and the number of the arm."""
        for kind, id_, number in reversed(self.nodes[key].path):
            if kind == "arm":
                return id_, number
            if kind == "loop":
                return None
        return None

    def may_follow_skipped(self, key: str) -> bool:
        """Whether a task runs although one that it waits for is skipped: it stands outside what skipped that one."""
        path = self.nodes[key].path
        return any(
            scope not in path
            for before in self.befores[key]
            for scope in self.nodes[before].path
            if scope[0] != "group"
        )

    def endings(self) -> Iterator[str]:
        """The tasks whose failure may go unseen, since all that waits for them may be skipped."""
        gates = {before for key in self.nodes for before in self._gates_around(key)}
        for key, afters in self.afters.items():
            path = self.nodes[key].path
            sure = [one for one in afters if all(s in path for s in self.nodes[one].path if s[0] != "group")]
            if afters and not sure and key not in gates:
                yield key

    def _gates_around(self, key: str) -> Iterator[str]:
        node = self.nodes[key]
        if node.call is None:
            yield from self.befores[key]
        for kind, id_, _ in node.path:
            operation = self.operations[id_]
            if isinstance(operation, If) and isinstance(gate := gate_of(operation), Output):
                yield gate.operation
            if kind == "loop" and (lister := self.lister(id_)) is not None:
                yield lister

    def tails(self) -> Iterator[str]:
        """The tasks that have ended only if all have: where each other one has a task that waits for it alone."""
        for key, afters in self.afters.items():
            if not any(set(self.befores[after]) == {key} for after in afters):
                yield key

    def reachable(self, keys: Iterable[str]) -> set[str]:
        """Some tasks and all that wait for them, directly or not."""
        found = set(keys)
        stack = list(found)
        while stack:
            fresh = [after for after in self.afters[stack.pop()] if after not in found]
            found.update(fresh)
            stack += fresh
        return found

    def _parts(self) -> dict[str, int]:
        loops = [id_ for id_, operation in self.operations.items() if isinstance(operation, ForEach)]
        parts = dict.fromkeys([*self.nodes, *loops], 0)
        is_settled = not any(loops_of(self.paths[id_]) for id_ in loops)
        while not is_settled:
            is_settled = True
            for key, node in self.nodes.items():
                for before in self.befores[key]:
                    source, target, is_later = self._beside(node, self.nodes[before])
                    if source != target and parts[target] < parts[source] + is_later:
                        parts[target] = parts[source] + is_later
                        is_settled = False
        return parts

    def _beside(self, node: Node, before: Node) -> tuple[str, str, bool]:
        """Which of two tasks or loops in one loop comes first, the other, and whether that is in a later part."""
        if node.call is None:
            return before.key, node.loop, False
        mine, other = node.loops, before.loops
        shared = 0
        while shared < min(len(mine), len(other)) and mine[shared] == other[shared]:
            shared += 1
        if shared == 0:
            return "", "", False
        source = before.key if len(other) == shared else other[shared]
        target = node.key if len(mine) == shared else mine[shared]
        return source, target, len(other) > shared and len(mine) == shared
