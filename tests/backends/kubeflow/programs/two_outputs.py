from typing import Annotated

from pipec.sdk import pipeline, step


@step
def split(n: int) -> tuple[Annotated[int, "low"], Annotated[list[int], "high half"]]:
    """Two results, one of them with a name that is no identifier."""
    return n // 2, list(range(n // 2, n))


@step
def join(low: int, high: list[int]) -> str:
    return f"{low}:{high}"


@pipeline
def two_outputs(n: int = 6) -> str:
    """Several outputs of a step."""
    low, high = split(n)
    return join(low, high)
