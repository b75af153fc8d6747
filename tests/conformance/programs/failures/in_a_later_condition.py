"""Where a later condition needs what a failed step did not give, arms that are ruled out by then are skipped as ever.

run
  state: failed
  ran: pick, low
  failed: broken
  skipped: middle, high
  outputs: {"low": "low"}
  raises: ValueError
run n=5
  state: failed
  ran: pick
  failed: broken
  skipped: low
  stopped: middle, high
  raises: ValueError
differs airflow: one gate decides between all arms, and waits for all that their conditions read
differs kubeflow: the gate of a condition waits for all that the conditions read
differs argo: one gate decides between all arms, and waits for all that their conditions read
"""
from pipec.sdk import pipeline, step


@step
def pick(n: int) -> int:
    return n


@step
def broken() -> int:
    raise ValueError("no limit")


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
    limit = broken()
    if picked == 0:
        return low()
    elif picked < limit:
        return middle()
    else:
        return high()
