"""A diamond: both sides read one result and are joined.

run
  ran: top, left, right, join
  outputs: {"join": 5}
"""
from pipec.sdk import pipeline, step


@step
def top() -> int:
    return 1


@step
def left(n: int) -> int:
    return n + 1


@step
def right(n: int) -> int:
    return n + 2


@step
def join(a: int, b: int) -> int:
    return a + b


@pipeline
def program() -> int:
    n = top()
    return join(left(n), right(n))
