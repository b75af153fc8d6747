"""A tuple is several outputs, each read for itself; the names are those of the annotations.

run
  ran: split, add
  outputs: {"low": 1, "high": 9, "total": 10}
"""
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def split(numbers: list[int]) -> tuple[Annotated[int, "low"], Annotated[int, "high"]]:
    return min(numbers), max(numbers)


@step
def add(a: int, b: int) -> Annotated[int, "total"]:
    return a + b


@pipeline
def program():
    low, high = split([4, 1, 9])
    return low, high, add(low, high)
