"""A whole number is a `float` where one is asked for, as an annotation says.

run
  ran: show
  outputs: {"show": "1.0"}
run f=3
  ran: show
  outputs: {"show": "3.0"}
"""
from pipec.sdk import pipeline, step


@step
def show(f: float) -> str:
    return f"{float(f)}"


@pipeline
def program(f: float = 1.0) -> str:
    return show(f)
