"""The graph of one run while it runs: which operations there are by now, what they wait for, what they have given.

A `Scope` is one execution of a block: the pipeline's body, the arm that was taken, one iteration. A `Node` is one
operation in a scope. What a value needs is found by walking it: through the results of a taken arm, of iterations and of
nested pipelines down to calls, so that nothing waits for more than it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.ir.walk import operands
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.ir.model import Block, Operation
    from pipec.compiler.ir.values import Value

SUCCEEDED, FAILED, SKIPPED, CACHED = "succeeded", "failed", "skipped", "cached"
UPSTREAM_FAILED, NOT_RUN, STOPPED = "upstream_failed", "not_run", "stopped"
GOOD = frozenset({SUCCEEDED, CACHED, SKIPPED})


@dataclass(frozen=True, slots=True)
class Stored:
    """One output of a step: as canonical JSON text, or as an artifact.

    Attributes:
        json: the text, of what travels as a parameter.
        place: folder or URL of the artifact.
        digest: of its content.
        type: `module:Class` of the value.
        materializer: what wrote it.
        size: bytes.
    """

    json: str | None = None
    place: str | None = None
    digest: str | None = None
    type: str = ""
    materializer: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Element:
    """A value in the scope that it is read in."""

    value: Value
    scope: Scope


@dataclass(frozen=True, slots=True)
class Indexed:
    """The item at `index` of a stored list."""

    items: Element | Stored
    index: int


Binding = str | Element | Indexed
"""What an iteration's item is: canonical JSON text, a value of its own, or a place in a list."""


class Scope:
    """One execution of a block.

    Attributes:
        parent: the scope around it.
        owner: the node of the operation that the block belongs to; None for the pipeline's body.
        indices: of the iterations around it, the outermost first.
        item: of an iteration, its item.
        nodes: by id.
        unsettled: how many of its nodes are not settled.
    """

    __slots__ = ("indices", "is_active", "item", "nodes", "owner", "parent", "unsettled")

    def __init__(
        self,
        block: Block,
        parent: Scope | None = None,
        owner: Node | None = None,
        index: int | None = None,
        item: Binding | None = None,
    ) -> None:
        """Makes a node for each operation; none of them is active."""
        around: tuple[int, ...] = () if parent is None else parent.indices
        self.parent, self.owner, self.item = parent, owner, item
        self.indices: tuple[int, ...] = around if index is None else (*around, index)
        self.nodes = {operation.id: Node(operation, self) for operation in block.operations}
        self.unsettled = len(self.nodes)
        self.is_active = False

    def find(self, id_: str) -> Node:
        """The node of an operation, in this scope or around it."""
        scope: Scope | None = self
        while scope is not None:
            if id_ in scope.nodes:
                return scope.nodes[id_]
            scope = scope.parent
        raise AssertionError(f"`{id_}` is out of scope")

    def iteration(self, loop: str) -> Scope:
        """The iteration of a loop that this scope is, or is in."""
        scope: Scope | None = self
        while scope is not None:
            if scope.item is not None and scope.owner is not None and scope.owner.operation.id == loop:
                return scope
            scope = scope.parent
        raise AssertionError(f"the item of `{loop}` is out of scope")


class Node:
    """One operation in a scope.

    Attributes:
        state: None until it is settled.
        inner: the scopes of its bodies, once it is open: one for a group or an `If` (the arm taken), one an iteration.
        arm: of an `If` that is open, which arm was taken; while it is not, the first whose condition is not known.
        outputs: of a call that succeeded.
        pending: how many other nodes it waits for.
        listeners: nodes that wait for this one to open or to be settled.
    """

    __slots__ = (
        "arm",
        "attempt",
        "inner",
        "is_open",
        "listeners",
        "operation",
        "outputs",
        "pending",
        "scope",
        "state",
        "unsettled",
    )

    def __init__(self, operation: Operation, scope: Scope) -> None:
        """Nothing is known yet."""
        self.operation, self.scope = operation, scope
        self.state: str | None = None
        self.inner: list[Scope] = []
        self.is_open = False
        self.arm = 0
        self.attempt = 0
        self.outputs: Mapping[str, Stored] = {}
        self.pending = 0
        self.unsettled = 0
        self.listeners: list[tuple[Node, bool]] = []

    @property
    def instance(self) -> str:
        """`train`, in a loop `train@2`, in a loop of a loop `train@2.0`."""
        return instance_name(self.operation.id, self.scope.indices)

    @property
    def is_good(self) -> bool:
        """Whether what depends on it may run."""
        return self.state in GOOD


def instance_name(id_: str, indices: tuple[int, ...]) -> str:
    """The name of one execution of an operation."""
    return f"{id_}@{'.'.join(map(str, indices))}" if indices else id_


class Blocked(Exception):
    """Something that a value needs will never be there: `state` says how that one ended."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def needed(node: Node) -> tuple[Value, ...]:
    """What an operation reads before it can go on."""
    match node.operation:
        case Call(arguments=arguments):
            return tuple(arguments.values())
        case If(arms=arms):
            condition = arms[node.arm].condition
            return () if condition is None else (condition,)
        case ForEach(items=items):
            return (items,)
        case Group():
            return ()


def blockers(elements: list[Element]) -> dict[Node, bool]:
    """The nodes that must open (False) or be settled (True) before the values are known, as far as can be told now.

    Raises:
        Blocked: one of them was settled in another way, so that they never will be.
    """
    found: dict[Node, bool] = {}
    pending = [(each.value, each.scope) for each in elements]
    while pending:
        value, scope = pending.pop()
        match value:
            case Output(operation=id_, name=name):
                node = scope.find(id_)
                if node.is_open:
                    pending += inner_values(node, name)
                elif node.state is None:
                    found[node] = isinstance(node.operation, Call)
                elif not node.is_good:
                    raise Blocked(node.state)
            case Item(operation=loop):
                item = scope.iteration(loop).item
                if isinstance(item, Element):
                    pending.append((item.value, item.scope))
            case _:
                pending += [(operand, scope) for operand in operands(value)]
    return found


def inner_values(node: Node, name: str) -> list[tuple[Value, Scope]]:
    """What a result of an open `If`, group or loop is, inside: one value, of a loop one for each iteration."""
    match node.operation:
        case If(results=arms):
            return [(arms[name][node.arm], node.inner[0])]
        case ForEach(results=results) | Group(results=results):
            return [(results[name], scope) for scope in node.inner]
        case Call():
            raise AssertionError("a call has nothing inside")


def walk_nodes(scope: Scope) -> Iterator[Node]:
    """Every node of a scope and of the scopes inside."""
    pending = list(scope.nodes.values())
    while pending:
        node = pending.pop()
        yield node
        for inner in node.inner:
            pending += inner.nodes.values()
