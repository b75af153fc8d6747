"""A picture as DOT text, for Graphviz and what reads its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.graph.picture import Edge, Node, Picture, Scope

_STYLES = {"group": "rounded", "loop": "rounded,bold", "choice": "rounded", "arm": "rounded,dashed", "step": "rounded"}


def to_dot(picture: Picture) -> str:
    """The text, with a newline at the end."""
    lines = [
        f"digraph {_quoted(picture.name)} {{",
        "  compound=true",
        "  rankdir=LR",
        '  graph [fontname="Helvetica", fontsize=11]',
        '  node [shape=box, style=rounded, fontname="Helvetica", fontsize=11]',
        "  edge [arrowsize=0.7]",
        *_scope(picture.top, 1),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _scope(scope: Scope, depth: int) -> Iterator[str]:
    by_id = {node.id: node for node in scope.nodes}
    for node in scope.nodes:
        yield from _node(node, depth)
    for edge in scope.edges:
        yield _edge(edge, by_id[edge.source], by_id[edge.target], depth)


def _node(node: Node, depth: int) -> Iterator[str]:
    pad = "  " * depth
    label = node.title + (f" ({node.note})" if node.note and node.inside is not None else "")
    if node.inside is None or not node.inside.nodes:
        text = _quoted(label) if not node.note else f"{_quoted(label)[:-1]}\\n{_quoted(node.note)[1:]}"
        yield f"{pad}{_quoted(node.id)} [label={text}]"
        return
    yield f"{pad}subgraph {_quoted('cluster_' + node.id)} {{"
    yield f"{pad}  label={_quoted(label)}"
    yield f"{pad}  style={_quoted(_STYLES[node.kind])}"
    yield from _scope(node.inside, depth + 1)
    yield f"{pad}}}"


def _edge(edge: Edge, source: Node, target: Node, depth: int) -> str:
    """An edge between clusters joins a node in each and is cut at their borders."""
    attributes = [] if edge.results else ["style=dashed"]
    if source.inside is not None and source.inside.nodes:
        attributes.append(f"ltail={_quoted('cluster_' + source.id)}")
    if target.inside is not None and target.inside.nodes:
        attributes.append(f"lhead={_quoted('cluster_' + target.id)}")
    suffix = f" [{', '.join(attributes)}]" if attributes else ""
    ends = f"{_quoted(_inmost(source, last=True))} -> {_quoted(_inmost(target, last=False))}"
    return f"{'  ' * depth}{ends}{suffix}"


def _inmost(node: Node, *, last: bool) -> str:
    while node.inside is not None and node.inside.nodes:
        node = node.inside.nodes[-1 if last else 0]
    return node.id
