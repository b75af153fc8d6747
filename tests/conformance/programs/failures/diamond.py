"""A diamond of which one side fails: the other side runs, the join does not.

run
  state: failed
  ran: top, right
  failed: left
  stopped: join
  raises: RuntimeError
"""
from pipec.sdk import pipeline, step


@step
def top() -> int:
    return 1


@step
def left(n: int) -> int:
    raise RuntimeError("left")


@step
def right(n: int) -> int:
    return n


@step
def join(a: int, b: int) -> int:
    return a + b


@pipeline
def program() -> int:
    n = top()
    return join(left(n), right(n))
