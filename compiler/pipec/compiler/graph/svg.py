"""A picture as SVG: the file of `--format svg`, and what the page shows."""

from __future__ import annotations

import re
from html import escape
from string import Template
from typing import TYPE_CHECKING

from pipec.compiler.graph.layout import PADDING, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.graph.layout import Drawing, Placed, Point
    from pipec.compiler.graph.picture import Picture

MARGIN = 16.0
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STATES = ("succeeded", "cached", "running", "failed", "upstream_failed", "skipped")
"""What a step of a run can be."""

LIGHT = {
    "ink": "#1d2733", "faint": "#5b6775", "line": "#8a96a3", "paper": "#ffffff", "box": "#f6f8fa", "edge": "#c3ccd5",
    "succeeded": "#1a7f37", "cached": "#0969da", "running": "#9a6700", "failed": "#cf222e", "upstream_failed": "#a2410f",
    "skipped": "#6e7781",
}  # fmt: skip
DARK = {
    "ink": "#e6edf3", "faint": "#a3afbb", "line": "#76828e", "paper": "#0d1117", "box": "#161c24", "edge": "#3b4652",
    "succeeded": "#3fb950", "cached": "#58a6ff", "running": "#d29922", "failed": "#ff7b72", "upstream_failed": "#f0883e",
    "skipped": "#8b949e",
}  # fmt: skip
_SHAPES = """\
.pipec { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.pipec .note { font-size: 11px; }
.pipec .node > rect { stroke-width: 1.2; }
.pipec .loop > rect { stroke-width: 2; }
.pipec .arm > rect { stroke-dasharray: 5 4; }
.pipec .edge { fill: none; stroke-width: 1.3; }
.pipec .order { stroke-dasharray: 4 4; }
.pipec .badge { font-size: 10px; text-anchor: middle; }
"""
_COLOURS = """\
.pipec .paper { fill: $paper; }
.pipec text { fill: $ink; }
.pipec .note, .pipec .title { fill: $faint; }
.pipec .node > rect { fill: $box; stroke: $edge; }
.pipec .step > rect { fill: $paper; stroke: $line; }
.pipec .edge { stroke: $line; }
.pipec marker path { fill: $line; }
"""
_STATE = """\
.pipec .{0} > rect {{ stroke: ${0}; stroke-width: 2.4; }}
.pipec .{0} > .badge {{ fill: ${0}; }}
"""


def style() -> str:
    """The style sheet: colours twice, in words that every program that shows SVG understands."""
    rules = _COLOURS + "".join(_STATE.format(state) for state in STATES)
    dark = "".join(f"  {line}\n" for line in Template(rules).substitute(DARK).splitlines())
    return f"{_SHAPES}{Template(rules).substitute(LIGHT)}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def to_svg(
    picture: Picture, drawing: Drawing, states: Mapping[str, str] | None = None, *, in_page: bool = False
) -> str:
    """The text of the SVG.

    Args:
        picture: what is drawn.
        drawing: where.
        states: of the steps in a run, by id; None where no run is shown.
        in_page: without its own style and size, which the page has.
    """
    width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
    size = f'viewBox="0 0 {_number(width)} {_number(height)}"'
    if in_page:
        head = f'<svg class="pipec" id="picture" role="group" aria-label="{_escaped(picture.name)}" {size}>'
        sheet = ""
    else:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="pipec" role="img" {size} '
            f'width="{_number(width)}" height="{_number(height)}">'
        )
        sheet = (
            f"<title>{_escaped(picture.name)}</title>\n<style>\n{style()}</style>\n"
            '<rect class="paper" width="100%" height="100%"/>'
        )
    lines = [
        head,
        sheet,
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0.8 L7.5 4 L0 7.2 z"/></marker></defs>',
        f'<g id="view" transform="translate({_number(MARGIN)} {_number(MARGIN)})">',
        *_drawing(drawing, states or {}, in_page=in_page),
        "</g>",
        "</svg>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _drawing(drawing: Drawing, states: Mapping[str, str], *, in_page: bool) -> Iterator[str]:
    for edge, way in drawing.ways:
        kind = "edge" if edge.results else "edge order"
        data = f' data-from="{_escaped(edge.source)}" data-to="{_escaped(edge.target)}"' if in_page else ""
        what = ", ".join(edge.results) if edge.results else "after"
        yield (
            f'<path class="{kind}" marker-end="url(#arrow)"{data} d="{_curve(way, sideways=drawing.sideways)}">'
            f"<title>{_escaped(f'{edge.source} → {edge.target}: {what}')}</title></path>"
        )
    for placed in drawing.nodes:
        yield from _node(placed, states, in_page=in_page)


def _node(placed: Placed, states: Mapping[str, str], *, in_page: bool) -> Iterator[str]:
    node = placed.node
    state = states.get(node.id, "")
    kind = f"node {node.kind} {state}".rstrip()
    data = f' data-id="{_escaped(node.id)}" tabindex="-1" role="button"' if in_page else ""
    spoken = f"{node.title}{', ' + state.replace('_', ' ') if state else ''}"
    data += f' aria-label="{_escaped(spoken)}"' if in_page else ""
    yield f'<g class="{kind}"{data} transform="translate({_number(placed.x)} {_number(placed.y)})">'
    yield f'<rect width="{_number(placed.width)}" height="{_number(placed.height)}" rx="6"/>'
    full = node.title + (f"\n{node.note}" if node.note else "")
    if shortened(node.title) != node.title or shortened(node.note) != node.note:
        yield f"<title>{_escaped(full)}</title>"
    if placed.inside is None:
        middle = _number(placed.width / 2)
        first = placed.height / 2 + (4.0 if not node.note else -4.0)
        yield f'<text x="{middle}" y="{_number(first)}" text-anchor="middle">{_escaped(shortened(node.title))}</text>'
        if node.note:
            yield (
                f'<text class="note" x="{middle}" y="{_number(first + 16)}" text-anchor="middle">'
                f"{_escaped(shortened(node.note))}</text>"
            )
    else:
        yield f'<text class="title" x="{_number(PADDING)}" y="18">{_escaped(shortened(node.title))}</text>'
        if node.note:
            yield f'<text class="note" x="{_number(PADDING)}" y="34">{_escaped(shortened(node.note))}</text>'
        yield from _drawing(placed.inside, states, in_page=in_page)
    if state:
        # A state is a word as well as a colour: not everybody sees the one, and a printer may not have it.
        at = f'x="{_number(placed.width / 2)}" y="{_number(placed.height + 10)}"'
        yield f'<text class="badge" {at}>{_escaped(state.replace("_", " "))}</text>'
    yield "</g>"


def _curve(way: list[Point], *, sideways: bool) -> str:
    """Curves between layers, straight within them: the points are the two ends of each layer's part, one after the other."""
    x, y = way[0]
    parts = [f"M{_number(x)} {_number(y)}"]
    for index in range(1, len(way)):
        (x, y), (to_x, to_y) = way[index - 1], way[index]
        if index % 2 == 1:
            if (to_x, to_y) != (x, y):
                parts.append(f"L{_number(to_x)} {_number(to_y)}")
            continue
        half = (to_x - x) / 2 if sideways else (to_y - y) / 2
        first = (x + half, y) if sideways else (x, y + half)
        last = (to_x - half, to_y) if sideways else (to_x, to_y - half)
        points = " ".join(f"{_number(one)} {_number(two)}" for one, two in (first, last, (to_x, to_y)))
        parts.append(f"C{points}")
    return "".join(parts)


def _escaped(text: str) -> str:
    """Text as XML has it, in which some characters cannot be at all."""
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _number(value: float) -> str:
    """At most one decimal, and none where it is 0."""
    return f"{value:.1f}".removesuffix(".0")
