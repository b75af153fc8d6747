"""Parameters of every shape."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pipec.sdk import pipeline, step


@step
def describe(
    kind: str,
    rates: list[float],
    names: dict[str, int],
    maybe: int | None,
    flag: bool,
    layers: tuple[int, ...],
    day: date,
    label: str,
    count: int,
) -> Annotated[str, "text"]:
    assert isinstance(layers, tuple)
    return f"{kind} {rates} {names} {maybe} {flag} {layers} {day:%d.%m.} {label} {count!r}"


@pipeline
def parameters(
    count: int,
    kind: Literal["a", "b"] = "a",
    rates: list[float] = [0.1, 1e-9],
    names: dict[str, int] = {"x": 1},
    maybe: int | None = None,
    flag: bool = True,
    layers: tuple[int, ...] = (64, 32),
    day: date = date(2024, 2, 29),
    place: Path = Path("/tmp/x"),
) -> str:
    """Shapes.

    Args:
        kind: which kind it is.
        count: how many there are, of whatever there is to be counted; which
            takes two lines to say.
    """
    return describe(kind, rates, names, maybe, flag, layers, day, label=f"{place.name} {layers[0]}", count=count)
