"""Where everything of a picture stands: boxes in boxes, and the ways of the edges, in points from the upper left corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.graph.layers import GAP, Box, Layered, layered
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.graph.picture import Edge, Node, Picture, Scope

CHARACTER = 7.25
"""Width of a character of the labels: they are set in a font whose characters are all this wide, at 12 px."""

LINE, PADDING, TITLE = 17.0, 12.0, 26.0
LONGEST = 44
_ASPECT = 1.6
Point = tuple[float, float]


class LayoutMissing(Exception):
    """The library that lays pictures out is not installed."""


@dataclass(slots=True)
class Placed:
    """A node with its place.

    Attributes:
        x: left edge, in the scope that it stands in.
        y: upper edge, likewise.
        inside: what it holds, from its own upper left corner.
    """

    node: Node
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    inside: Drawing | None = None


@dataclass(slots=True)
class Drawing:
    """A scope with places.

    Attributes:
        ways: for each edge the points it passes, from one node's border to the other's.
        sideways: whether its edges run from left to right; else from top to bottom.
    """

    width: float = 0.0
    height: float = 0.0
    nodes: list[Placed] = field(default_factory=list)
    ways: list[tuple[Edge, list[Point]]] = field(default_factory=list)
    sideways: bool = True


def place(picture: Picture) -> Drawing:
    """The layout of a picture: from left to right or from top to bottom, whichever is nearer to the shape of a screen.

    Raises:
        LayoutMissing: `fast_sugiyama` is not installed.
    """
    try:
        drawings = [_scope(picture.top, sideways=sideways) for sideways in (True, False)]
    except ImportError as error:
        raise LayoutMissing(str(error)) from None
    return min(drawings, key=lambda one: max(one.width / _ASPECT, one.height))


def shortened(text: str) -> str:
    """`text` as long as a label may be."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _node(node: Node, *, sideways: bool) -> Placed:
    title = shortened(node.title)
    note = shortened(node.note)
    text = max(len(title), len(note)) * CHARACTER
    if node.inside is None or not node.inside.nodes:
        return Placed(node, max(text + 2 * PADDING, 64.0), LINE * (2 if note else 1) + 2 * (PADDING - 2))
    inside = _scope(node.inside, sideways=sideways)
    head = TITLE + (LINE if note else 0.0)
    width = max(inside.width + 2 * PADDING, text + 2 * PADDING + 18.0)
    left = (width - inside.width) / 2
    for each in inside.nodes:
        each.x, each.y = each.x + left, each.y + head
    inside.ways = [(edge, [(x + left, y + head) for x, y in way]) for edge, way in inside.ways]
    return Placed(node, width, head + inside.height + PADDING, inside=inside)


def _scope(scope: Scope, *, sideways: bool) -> Drawing:
    placed = [_node(node, sideways=sideways) for node in scope.nodes]
    numbers = {node.id: number for number, node in enumerate(scope.nodes)}
    boxes = {
        number: Box(each.width, each.height) if sideways else Box(each.height, each.width)
        for number, each in enumerate(placed)
    }
    edges = [(numbers[edge.source], numbers[edge.target]) for edge in scope.edges]
    drawing = Drawing(nodes=placed, sideways=sideways)
    parts = layered(boxes, edges)
    for part, (x, y) in zip(parts, _packed(parts, drawing), strict=True):
        for number, (along, across) in part.centres.items():
            each = placed[number]
            middle_x, middle_y = (along, across) if sideways else (across, along)
            each.x, each.y = x + middle_x - each.width / 2, y + middle_y - each.height / 2
        for edge, ends in zip(scope.edges, edges, strict=True):
            if ends in part.routes:
                way = _way(placed[ends[0]], placed[ends[1]], part.routes[ends], (x, y), sideways=sideways)
                drawing.ways.append((edge, way))
    return drawing


def _packed(parts: Sequence[Layered], drawing: Drawing) -> list[Point]:
    """Where each part goes: beside one another, in rows no longer than what makes a screen's shape of all."""
    extents = [(p.along, p.across) if drawing.sideways else (p.across, p.along) for p in parts]
    area = sum((width + GAP) * (height + GAP) for width, height in extents)
    longest = max([(area * _ASPECT) ** 0.5, *(width for width, _ in extents)])
    found: list[Point] = []
    x = y = row = 0.0
    for width, height in extents:
        if x and x + width > longest:
            x, y, row = 0.0, y + row + GAP, 0.0
        found.append((x, y))
        drawing.width = max(drawing.width, x + width)
        drawing.height = max(drawing.height, y + height)
        x += width + GAP
        row = max(row, height)
    return found


def _way(
    source: Placed, target: Placed, route: Sequence[tuple[float, float, float]], at: Point, *, sideways: bool
) -> list[Point]:
    """From border to border. A node may be shorter than its layer: up to the layer's side the edge runs straight."""
    if sideways:
        ends = (source.x + source.width, source.y + source.height / 2), (target.x, target.y + target.height / 2)
        sides = [(at[0] + along, at[1] + across) for start, end, across in route for along in (start, end)]
    else:
        ends = (source.x + source.width / 2, source.y + source.height), (target.x + target.width / 2, target.y)
        sides = [(at[0] + across, at[1] + along) for start, end, across in route for along in (start, end)]
    return [ends[0], *sides[1:-1], ends[1]]
