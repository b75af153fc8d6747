"""A result of some megabytes.

run
  ran: make, measure
  outputs: {"measure": 3000000}
"""
from pipec.sdk import pipeline, step


@step
def make() -> str:
    return "x{{" * 1_000_000


@step
def measure(text: str) -> int:
    return len(text)


@pipeline
def program() -> int:
    return measure(make())
