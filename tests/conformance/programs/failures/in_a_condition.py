"""A condition that cannot be computed fails the run; neither arm runs.

run
  state: failed
  ran: zero
  stopped: one, two
  raises: ZeroDivisionError
run n=2
  ran: zero, one
  skipped: two
  outputs: {"one": 1}
"""
from pipec.sdk import pipeline, step


@step
def zero(n: int) -> int:
    return n


@step
def one() -> int:
    return 1


@step
def two() -> int:
    return 2


@pipeline
def program(n: int = 0) -> int:
    z = zero(n)
    if 1 / z > 0.1:
        return one()
    else:
        return two()
