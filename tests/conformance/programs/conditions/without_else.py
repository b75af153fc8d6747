"""Without `else` nothing runs where the condition does not hold, and the name keeps its value from before.

run
  ran: score, report
  skipped: deploy
  outputs: {"report": "NOTHING"}
run n=0.9
  ran: score, deploy, report
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
def report(text: str) -> str:
    return text.upper()


@pipeline
def program(n: float = 0.1) -> str:
    s = score(n)
    text = "nothing"
    if s > 0.5:
        text = deploy(s)
    return report(text)
