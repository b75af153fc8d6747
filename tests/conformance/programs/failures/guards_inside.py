"""Guards in a loop, in a helper function that calls steps, and behind a re-raising `try`.

run
  ran: double x3, total
  outputs: {"best": 12}
run items=[1, -1]
  ran: double
  failed: check
  stopped: double x2, total
  state: failed
  raises: ValueError
run items=[1, 20]
  ran: double x2, total
  failed: check
  stopped: double
  state: failed
  raises: RuntimeError
"""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def double(n: int) -> int:
    return n * 2


@step
def total(values: list[int]) -> int:
    return sum(values)


def checked(value: int, most: int) -> int:
    """Doubles what is not too large."""
    if value > most:
        raise RuntimeError(f"more than {most}")
    return double(value)


@pipeline
def program(items: list[int] = [1, 2]) -> Annotated[int, "best"]:
    found = []
    for item in items:
        if item < 0:
            raise ValueError("below zero")
        found.append(double(item))
    try:
        best = checked(total(found), 30)
    except RuntimeError as problem:
        print(problem)
        raise
    return best
