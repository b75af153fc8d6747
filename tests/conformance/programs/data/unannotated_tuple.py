"""A step without a return annotation whose every `return` is a literal tuple can be unpacked; it travels as one value.

run
  ran: add, split, twice
  outputs: {"both": 6, "sum": 9}
run n=-1
  ran: add, split, twice
  outputs: {"both": 0, "sum": 0}
"""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def split(n: int):
    if n < 0:
        return 0, {"y": 0}
    return n, {"y": n * 2}


@step
def twice(x: int) -> int:
    return x * 2


@step
def add(x: int, y: dict[str, int]) -> int:
    return x + y["y"]


@pipeline
def program(n: int = 3) -> tuple[Annotated[int, "both"], Annotated[int, "sum"]]:
    x, y = split(n)
    return twice(x), add(x, y)
