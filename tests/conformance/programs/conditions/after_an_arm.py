"""`after=` a call in an arm means after the whole condition, also where that arm was skipped.

run
  ran: score, report
  skipped: deploy
  outputs: {"report": "DONE"}
run n=0.9
  ran: score, deploy, report
  outputs: {"report": "DONE"}
"""
from pipec.sdk import pipeline, step


@step
def score(n: float) -> float:
    return n


@step
def deploy(n: float) -> str:
    return f"deployed {n}"


@step
def report(text: str) -> str:
    return text.upper()


@pipeline
def program(n: float = 0.1) -> str:
    s = score(n)
    if s > 0.5:
        deploy(s, id="shipped")
    return report("done", after="shipped")
