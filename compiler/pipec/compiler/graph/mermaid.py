"""A picture as Mermaid text, which GitHub, GitLab and MkDocs draw where it stands in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.graph.picture import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.graph.picture import Node, Picture, Scope

_RESERVED = frozenset("end graph flowchart subgraph default style class classdef click linkstyle call href o x".split())
_CLASSES = """\
  classDef arm stroke-dasharray: 4 3
  classDef loop stroke-width: 2px
"""


def to_mermaid(picture: Picture) -> str:
    """The text, with a newline at the end."""
    names = _names(picture)
    lines = [f"---\ntitle: {_quoted(picture.name)}\n---", "flowchart TD", *_scope(picture.top, names, 1)]
    kinds = {kind: [names[one.id] for one in nodes(picture.top) if one.kind == kind] for kind in ("loop", "arm")}
    if any(kinds.values()):
        lines.append(_CLASSES.rstrip("\n"))
        lines += [f"  class {','.join(some)} {kind}" for kind, some in kinds.items() if some]
    return "\n".join(lines) + "\n"


def _quoted(title: str) -> str:
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _names(picture: Picture) -> dict[str, str]:
    """A Mermaid name for each node: its id where that is one."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for node in nodes(picture.top):
        plain = re.sub(r"[^0-9A-Za-z_]", "_", node.id)
        # Mermaid takes `---oX` and `---xX` for arrow heads, and some words for its own, whatever their case.
        name = f"n_{plain}" if plain.lower() in _RESERVED or plain[:1] in "ox0123456789_" else plain
        while name in taken:
            name += "_"
        taken.add(name)
        found[node.id] = name
    return found


def _scope(scope: Scope, names: Mapping[str, str], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for node in scope.nodes:
        yield from _node(node, names, depth)
    for edge in scope.edges:
        arrow = "-->" if edge.results else "-.->"
        yield f"{pad}{names[edge.source]} {arrow} {names[edge.target]}"


def _node(node: Node, names: Mapping[str, str], depth: int) -> Iterator[str]:
    pad = "  " * depth
    if node.inside is None or not node.inside.nodes:
        label = _label(node.title) + (f"<br/><small>{_label(node.note)}</small>" if node.note else "")
        yield f'{pad}{names[node.id]}["{label}"]'
        return
    title = f"{node.title} ({node.note})" if node.note else node.title
    yield f'{pad}subgraph {names[node.id]}["{_label(title)}"]'
    yield from _scope(node.inside, names, depth + 1)
    yield f"{pad}end"


_ENTITIES = {"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "`": "#96;", "\\": "#92;", "\n": " "}


def _label(text: str) -> str:
    """Text as Mermaid shows it: its entities begin with `#`."""
    return "".join(_ENTITIES.get(char, char) for char in text)
