"""An `elif` that cannot be computed: the arm before it is ruled out, the others are not.

run
  state: failed
  ran: pick
  skipped: low
  stopped: middle, high
  raises: ZeroDivisionError
run n=2
  ran: pick, low
  skipped: middle, high
  outputs: {"low": "low"}
differs airflow: one gate decides between all arms; if it fails no arm counts as skipped
differs argo: one gate decides between all arms; if it fails no arm counts as skipped
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
    if picked > 1:
        return low()
    elif 10 / picked > 1:
        return middle()
    else:
        return high()
