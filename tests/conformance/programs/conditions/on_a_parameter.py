"""A condition over a parameter is decided by the run, not by the compiler.

run
  ran: score, notify
  skipped: deploy
  outputs: {"deploy": "too low"}
run is_wanted=true
  ran: score, deploy
  skipped: notify
  outputs: {"deploy": "deployed 1.0"}
"""
from pipec.sdk import pipeline, step


@step
def score(n: float) -> float:
    return n


@step
def deploy(n: float) -> str:
    return f"deployed {n}"


@step
def notify() -> str:
    return "too low"


@pipeline
def program(is_wanted: bool = False) -> str:
    s = score(1.0)
    return deploy(s) if is_wanted else notify()
