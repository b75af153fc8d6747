"""What every picture shows, drawn by nobody yet: nodes in scopes, and who waits for whom.

An edge joins two nodes of one scope. What a body reads from around it is an edge to the loop, the condition or the group
that holds the body, as in the IR, where no edge leaves a body but through results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipec.compiler.graph.words import loop_variables, words
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.ir.walk import edges, leaves, operations, results_of, values_of
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.ir.model import Block, Operation, Pipeline

Kind = Literal["step", "group", "loop", "choice", "arm"]


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` waits for `source`.

    Attributes:
        results: names of the results that it reads; empty where it only waits (`after=`).
    """

    source: str
    target: str
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or what holds steps.

    Attributes:
        id: of the operation; an arm's is that of its `If`, a colon and its number.
        title: one line: a step's id, a loop's head, an arm's condition.
        note: a second line, or empty: the step's own name where the id is another, the label of an iteration.
        inside: what it holds; None for a step.
    """

    id: str
    kind: Kind
    title: str
    note: str = ""
    inside: Scope | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Nodes in the order of the source, and the edges among them."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole pipeline to draw."""

    name: str
    doc: str
    top: Scope


def picture(pipeline: Pipeline) -> Picture:
    """The picture of a pipeline, after all passes."""
    return Picture(pipeline.name, pipeline.doc, _scope(pipeline.body, pipeline, loop_variables(pipeline)))


def nodes(scope: Scope) -> Iterator[Node]:
    """All nodes of a scope and of the scopes within, each before those inside it."""
    for node in scope.nodes:
        yield node
        if node.inside is not None:
            yield from nodes(node.inside)


def _scope(block: Block, pipeline: Pipeline, variables: Mapping[str, str]) -> Scope:
    reads = {operation.id: _reads(operation) for operation in block.operations}
    found = [
        Edge(source, target, tuple(dict.fromkeys(reads[target].get(source, ()))))
        for target, sources in edges(block).items()
        for source in sources
    ]
    return Scope(tuple(_node(operation, pipeline, variables) for operation in block.operations), tuple(found))


def _reads(operation: Operation) -> dict[str, list[str]]:
    """For each operation that this one or a body of it reads, the names of the results."""
    found: dict[str, list[str]] = {}
    inside = [operation]
    if not isinstance(operation, Call):
        for body in _bodies(operation):
            inside += operations(body)
    for each in inside:
        for value in (*values_of(each), *results_of(each)):
            for leaf in leaves(value):
                if isinstance(leaf, Output):
                    found.setdefault(leaf.operation, []).append(leaf.name)
                elif isinstance(leaf, Item):
                    found.setdefault(leaf.operation, [])
    return found


def _bodies(operation: If | ForEach | Group) -> tuple[Block, ...]:
    return tuple(arm.body for arm in operation.arms) if isinstance(operation, If) else (operation.body,)


def _node(operation: Operation, pipeline: Pipeline, variables: Mapping[str, str]) -> Node:
    match operation:
        case Call(id=id_, step=step, label=label):
            name = pipeline.steps[step].name
            notes = [name] if name != id_ else []
            notes += [] if label is None else [words(label, variables)]
            return Node(id_, "step", id_, " · ".join(notes))
        case ForEach(id=id_, items=items, variable=variable, body=body, max_parallelism=bound):
            title = f"for {variable} in {words(items, variables)}"
            note = "" if bound is None else f"at most {bound} at once"
            return Node(id_, "loop", title, note, _scope(body, pipeline, variables))
        case Group(id=id_, pipeline=name, body=body):
            return Node(id_, "group", id_, "" if name == id_ else name, _scope(body, pipeline, variables))
        case If(id=id_):
            return Node(id_, "choice", id_, "", Scope(_arms(operation, pipeline, variables)))


def _arms(choice: If, pipeline: Pipeline, variables: Mapping[str, str]) -> tuple[Node, ...]:
    """The arms that do something or say when they are taken; an `else` that nobody wrote is not drawn."""
    found: list[Node] = []
    for index, arm in enumerate(choice.arms):
        word = "elif" if index else "if"
        title = "else" if arm.condition is None else f"{word} {words(arm.condition, variables)}"
        if arm.body.operations or arm.condition is not None:
            found.append(Node(f"{choice.id}:{index}", "arm", title, "", _scope(arm.body, pipeline, variables)))
    return tuple(found)
