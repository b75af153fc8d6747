"""Several values leave an arm; constants and results mix.

run
  ran: small, show
  skipped: large
  outputs: {"show": "small 1 2"}
run n=100
  ran: large, show
  skipped: small
  outputs: {"show": "large 100 7"}
"""
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def small() -> tuple[Annotated[int, "a"], Annotated[int, "b"]]:
    return 1, 2


@step
def large(n: int) -> int:
    return n


@step
def show(name: str, a: int, b: int) -> str:
    return f"{name} {a} {b}"


@pipeline
def program(n: int = 1) -> str:
    if n < 10:
        name = "small"
        a, b = small()
    else:
        name = "large"
        a, b = large(n), 7
    return show(name, a, b)
