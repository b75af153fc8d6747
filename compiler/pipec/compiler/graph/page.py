"""The page of `--format html`: one file, nothing loaded from anywhere, the picture and its details in it."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.graph.details import Details, place_of, settings_of
from pipec.compiler.graph.layout import place
from pipec.compiler.graph.picture import picture
from pipec.compiler.graph.states import WORST_FIRST, by_step
from pipec.compiler.graph.svg import style, to_svg
from pipec.compiler.graph.words import loop_variables, words
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.backend import Program
    from pipec.compiler.images.model import StepImage

ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True, slots=True)
class Target:
    """What one target makes of the pipeline.

    Attributes:
        file: path of the main file below the target's output folder; empty where there is none.
        blocks: for each call the part of the file that stands for it.
        refusal: why the target cannot take the pipeline, a line for each reason; empty where it can.
    """

    title: str
    file: str = ""
    blocks: Mapping[str, str] = field(default_factory=dict[str, str])
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a page shows beside the pipeline itself.

    Attributes:
        targets: the generated files.
        images: the image of each call by its id.
        run: identity of the run that is shown; empty for none.
        instances: states in that run, by instance.
    """

    targets: tuple[Target, ...] = ()
    images: Mapping[str, StepImage] = field(default_factory=dict[str, "StepImage"])
    run: str = ""
    instances: Mapping[str, str] = field(default_factory=dict[str, str])


def to_page(program: Program, extras: Extras) -> str:
    """The text of the page.

    Raises:
        LayoutMissing: the library for layouts is not installed.
    """
    pipeline = program.pipeline
    drawn = picture(pipeline)
    states = by_step(extras.instances)
    details = Details(pipeline, program.sources, extras.images, extras.instances)
    variables = loop_variables(pipeline)
    data: dict[str, Any] = {
        "name": pipeline.name,
        "doc": pipeline.doc,
        "source": program.source,
        "place": place_of(pipeline.span),
        "parameters": [
            [one.name, str(one.type), "" if one.default is None else words(one.default, {}), one.doc]
            for one in pipeline.parameters
        ],
        "frozen": [[name, words(value, {})] for name, value in pipeline.frozen.items()],
        "outputs": [[one.name, str(one.value.type), words(one.value, variables)] for one in pipeline.outputs],
        "settings": settings_of(pipeline.config),
        "run": extras.run,
        "states": [[state, list(states.values()).count(state)] for state in WORST_FIRST if state in states.values()],
        "details": details.all(),
        "targets": [
            {"title": one.title, "file": one.file, "blocks": dict(one.blocks), "refusal": one.refusal}
            for one in extras.targets
        ],
    }
    parts = {
        "title": escape(pipeline.name),
        "style": style() + _asset("page.css"),
        "picture": to_svg(drawn, place(drawn), states, in_page=True),
        "data": _json(data),
        "script": _asset("page.js"),
    }
    text = _asset("page.html")
    head, *rest = text.split("<!--[")
    return head + "".join(parts[name] + tail for name, tail in (part.split("]-->", 1) for part in rest))


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _json(data: object) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
