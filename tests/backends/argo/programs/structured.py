from typing import Annotated, Literal

from pipec.sdk import pipeline, step


@step
def describe(
    kind: str, rates: list[float], names: dict[str, int], maybe: int | None, flag: bool, big: int
) -> Annotated[str, "text"]:
    return f"{kind} {rates} {names} {maybe} {flag} {big}"


@pipeline
def structured(
    kind: Literal["a", "b"] = "a",
    rates: list[float] = [0.1, 1e-9],
    names: dict[str, int] = {"x": 1},
    maybe: int | None = None,
    flag: bool = True,
    big: int = 2**70,
) -> str:
    """Parameters of every shape.

    Args:
        kind: which {{kind}} it is.
    """
    return describe(kind, rates, names, maybe, flag, big)
