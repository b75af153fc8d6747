"""The arm that runs gives its value; the other is skipped, and what reads the value runs in any case.

run
  ran: score, notify, report
  skipped: deploy
  outputs: {"report": "TOO LOW"}
run n=0.9
  ran: score, deploy, report
  skipped: notify
  outputs: {"report": "DEPLOYED 0.9"}
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


@step
def report(text: str) -> str:
    return text.upper()


@pipeline
def program(n: float = 0.1) -> str:
    s = score(n)
    if s > 0.5:
        text = deploy(s)
    else:
        text = notify()
    return report(text)
