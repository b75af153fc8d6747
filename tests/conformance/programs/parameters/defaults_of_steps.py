"""What a call leaves out, the function's own default fills in.

run
  ran: add x3
  outputs: {"total": 9}
"""
from typing import Annotated

from pipec.sdk import pipeline, step

BASE = 2


@step
def add(a: int, b: int = BASE, *, c: int = 0) -> Annotated[int, "total"]:
    return a + b + c


@pipeline
def program() -> int:
    return add(add(1), add(1, 1), c=BASE + 2)
