"""Numbers keep their value and their type: large, negative zero, not a number, infinite.

run
  ran: make, look
  outputs: {"look": ["9007199254740993", "-0.0", "nan", "inf", "1", "1.0", "True"]}
"""
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def make() -> tuple[
    Annotated[int, "big"], Annotated[float, "zero"], Annotated[float, "nan"], Annotated[float, "inf"],
    Annotated[int, "one"], Annotated[float, "unit"], Annotated[bool, "yes"],
]:
    return 2**53 + 1, -0.0, float("nan"), float("inf"), 1, 1.0, True


@step
def look(big: int, zero: float, nan: float, inf: float, one: int, unit: float, yes: bool) -> list[str]:
    return [repr(value) for value in (big, zero, nan, inf, one, unit, yes)]


@pipeline
def program():
    big, zero, nan, inf, one, unit, yes = make()
    return look(big, zero, nan, inf, one, unit, yes)
