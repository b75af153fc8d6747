"""A name that is bound in one arm only and read after it.

refused: PC0322
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
    return report(text)
