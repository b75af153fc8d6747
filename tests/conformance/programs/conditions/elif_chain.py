"""The first arm whose condition holds runs, and no condition behind it is looked at.

run
  ran: pick, low
  skipped: middle, high
  outputs: {"low": "low"}
run n=5
  ran: pick, middle
  skipped: low, high
  outputs: {"low": "middle"}
run n=50
  ran: pick, high
  skipped: low, middle
  outputs: {"low": "high"}
"""
from pipec.sdk import pipeline, step


@step
def pick(n: int) -> int:
    return n


@step
def low() -> str:
    return "low"


@step
def middle() -> str:
    return "middle"


@step
def high() -> str:
    return "high"


@pipeline
def program(n: int = 0) -> str:
    picked = pick(n)
    if picked == 0:
        return low()
    elif 10 / picked > 1:
        return middle()
    else:
        return high()
