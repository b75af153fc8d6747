"""A parameter that nothing reads is still one.

run unused="x"
  ran: one
  outputs: {"one": 1}
"""
from pipec.sdk import pipeline, step


@step
def one() -> int:
    return 1


@pipeline
def program(unused: str) -> int:
    return one()
