"""Futures and `.load()`: a condition over a loaded value.

run
  ran: score, high
  skipped: low
  outputs: {"high": "high"}
  plain: a plain value has no `load`
run n=1
  ran: score, low
  skipped: high
  outputs: {"high": "low"}
  plain: a plain value has no `load`
"""
from pipec.sdk import pipeline, step


@step
def score(n: int) -> int:
    return n * 10


@step
def high() -> str:
    return "high"


@step
def low() -> str:
    return "low"


@pipeline(dynamic=True)
def program(n: int = 5) -> str:
    future = score.submit(n)
    if future.load() > 20:
        return high()
    else:
        return low()
