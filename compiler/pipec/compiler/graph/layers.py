"""One scope in layers: which layer a node is in, in which order, and where on it.

The layers and the order, where crossings are few, come from `fast_sugiyama` (extra `graph`). It knows no sizes of nodes, and a
loop is as large as what is in it; so the places are found here: each node is drawn to its neighbours, and as far as it must be
from the ones beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANE = 14.0
"""Room for an edge that passes a layer."""

GAP, LAYER_GAP = 22.0, 52.0
_CROWD, _CROWDED = 1.5, 60
_SWEEPS = 12
_STRAIGHT = 6.0
"""How much more a bend in an edge that passes layers costs than one at a node."""


@dataclass(frozen=True, slots=True)
class Box:
    """How long a node is along the layers' direction, and how wide across it."""

    along: float
    across: float


@dataclass(slots=True)
class Layered:
    """A connected part of a scope.

    Attributes:
        centres: place of each node's centre: along, across.
        routes: for each edge the layers from its source's to its target's, each as the stretch along and the edge's place
            across.
        along: extent in the layers' direction.
        across: extent across it.
    """

    centres: dict[int, tuple[float, float]] = field(default_factory=dict)
    routes: dict[tuple[int, int], list[tuple[float, float, float]]] = field(default_factory=dict)
    along: float = 0.0
    across: float = 0.0


def layered(boxes: Mapping[int, Box], edges: Sequence[tuple[int, int]]) -> list[Layered]:
    """The connected parts of a graph, each placed from 0, in the order of their first nodes; last the nodes without edges.

    Args:
        boxes: the nodes, numbered from 0.
        edges: between them, without circles.
    """
    parts: list[Layered] = []
    if edges:
        from fast_sugiyama import from_edges

        for vertices, _, _, joined in from_edges(list(edges), vertex_spacing=1, dummy_vertices=True, transpose=True):
            found = {int(vertex): (float(x), float(y)) for vertex, (x, y) in vertices}
            ways = [(int(source), int(target)) for source, target in joined or ()]
            parts.append(_place(found, ways, boxes, edges))
    joined_up = {end for edge in edges for end in edge}
    for number, box in boxes.items():
        if number not in joined_up:
            parts.append(Layered({number: (box.along / 2, box.across / 2)}, {}, box.along, box.across))
    return sorted(parts, key=lambda part: (not part.routes, min(part.centres)))


def _place(
    found: Mapping[int, tuple[float, float]],
    joined: Sequence[tuple[int, int]],
    boxes: Mapping[int, Box],
    edges: Sequence[tuple[int, int]],
) -> Layered:
    """Gives a part that has layers and order its places."""
    heights = sorted({y for _, y in found.values()}, reverse=_points_down(found, joined))
    layers: list[list[int]] = [[] for _ in heights]
    # Sorted, because the library gives its vertices in no order of ours.
    for vertex in sorted(found, key=lambda one: (found[one][0], one)):
        layers[heights.index(found[vertex][1])].append(vertex)
    sizes = {vertex: boxes[vertex].across if vertex in boxes else LANE for vertex in found}
    across = _across(layers, sizes, sorted(joined), boxes)
    result = Layered()
    start = 0.0
    stretch: dict[int, tuple[float, float]] = {}
    gaps = _gaps(layers, joined)
    for layer, gap in zip(layers, gaps, strict=True):
        depth = max((boxes[vertex].along for vertex in layer if vertex in boxes), default=0.0)
        for vertex in layer:
            if vertex in boxes:
                result.centres[vertex] = (start + depth / 2, across[vertex])
            stretch[vertex] = (start, start + depth)
        start += depth + gap
    result.along = start - gaps[-1]
    result.across = max(across[vertex] + sizes[vertex] / 2 for vertex in found)
    result.routes = _routes(joined, boxes, edges, across, stretch)
    return result


def _gaps(layers: Sequence[Sequence[int]], joined: Sequence[tuple[int, int]]) -> list[float]:
    """The room behind each layer: more where many edges cross it, which would lie on one another."""
    leaving: dict[int, int] = {}
    for source, _ in joined:
        leaving[source] = leaving.get(source, 0) + 1
    counts = [sum(leaving.get(vertex, 0) for vertex in layer) for layer in layers]
    return [LAYER_GAP + _CROWD * min(_CROWDED, max(0, count - 8)) for count in counts]


def _points_down(found: Mapping[int, tuple[float, float]], joined: Sequence[tuple[int, int]]) -> bool:
    """Whether the library counts its layers from the last one: it has said both."""
    return bool(joined) and sum(found[source][1] - found[target][1] for source, target in joined) > 0


def _routes(
    joined: Sequence[tuple[int, int]],
    boxes: Mapping[int, Box],
    edges: Sequence[tuple[int, int]],
    across: Mapping[int, float],
    stretch: Mapping[int, tuple[float, float]],
) -> dict[tuple[int, int], list[tuple[float, float, float]]]:
    """Follows each edge through the vertices that the library put into the layers it passes."""
    onward = {source: target for source, target in joined if source not in boxes}
    wanted = set(edges)
    found: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    for source, first in joined:
        if source not in boxes:
            continue
        points = [(*stretch[source], across[source])]
        vertex = first
        while vertex not in boxes:
            points.append((*stretch[vertex], across[vertex]))
            vertex = onward[vertex]
        if (source, vertex) in wanted:
            found[source, vertex] = [*points, (*stretch[vertex], across[vertex])]
    return found


def _across(
    layers: Sequence[Sequence[int]],
    sizes: Mapping[int, float],
    joined: Sequence[tuple[int, int]],
    boxes: Mapping[int, Box],
) -> dict[int, float]:
    """Centres across, from 0: the layers are swept to and fro, each node drawn to the middle of its neighbours."""
    before: dict[int, list[tuple[int, float]]] = {vertex: [] for layer in layers for vertex in layer}
    after: dict[int, list[tuple[int, float]]] = {vertex: [] for layer in layers for vertex in layer}
    for source, target in joined:
        weight = _STRAIGHT if source not in boxes or target not in boxes else 1.0
        before[target].append((source, weight))
        after[source].append((target, weight))
    places: dict[int, float] = {}
    for layer in layers:
        edge = 0.0
        for vertex in layer:
            places[vertex] = edge + sizes[vertex] / 2
            edge += sizes[vertex] + GAP
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        is_last = sweep >= _SWEEPS - 2
        for layer in layers if forward else reversed(layers):
            _settle(layer, places, sizes, before if forward else after, after if is_last or not forward else None)
    least = min(places[vertex] - sizes[vertex] / 2 for vertex in places)
    return {vertex: place - least for vertex, place in places.items()}


def _settle(
    layer: Sequence[int],
    places: dict[int, float],
    sizes: Mapping[int, float],
    neighbours: Mapping[int, Sequence[tuple[int, float]]],
    others: Mapping[int, Sequence[tuple[int, float]]] | None,
) -> None:
    """Moves the nodes of a layer as near to their neighbours as they get without changing order or touching.

    With the distances to the left subtracted this is an isotonic regression: nodes that would pass one another form a block
    at the weighted mean of what they want.
    """
    offset = 0.0
    blocks: list[tuple[float, float, int]] = []  # sum of weight times wish, weight, how many nodes
    offsets: list[float] = []
    for index, vertex in enumerate(layer):
        if index:
            offset += (sizes[layer[index - 1]] + sizes[vertex]) / 2 + GAP
        offsets.append(offset)
        near = [*neighbours[vertex], *(others[vertex] if others is not None else ())]
        weight = sum(one for _, one in near)
        wish = sum(places[other] * one for other, one in near) / weight if near else places[vertex]
        weight = weight or 0.1
        blocks.append(((wish - offset) * weight, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, mass, count = blocks.pop()
            total_before, mass_before, count_before = blocks.pop()
            blocks.append((total + total_before, mass + mass_before, count + count_before))
    index = 0
    for total, mass, count in blocks:
        for _ in range(count):
            places[layer[index]] = total / mass + offsets[index]
            index += 1
