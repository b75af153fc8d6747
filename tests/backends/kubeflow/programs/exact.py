import math

from pipec.sdk import pipeline, step


@step
def big() -> int:
    return 2**53 + 1


@step
def nan() -> float:
    return math.nan


@step
def zero() -> float:
    return -0.0


@step
def look(a: int, b: float, c: float, d: int) -> str:
    return f"{a} {b} {c} {d}"


@pipeline
def exact() -> str:
    """Numbers that a double changes or cannot hold."""
    return look(big(), nan(), zero(), 2**60 + 1)
