"""Conditions over text, over what may be `None`, over membership, with `and`, `or` and `not`.

run
  ran: mode, one
  skipped: two, three
  outputs: {"one": 1}
run kind="slow" name="x"
  ran: mode, two
  skipped: one, three
  outputs: {"one": 2}
run kind="other" name=""
  ran: mode, three
  skipped: one, two
  outputs: {"one": 3}
"""
from typing import Optional

from pipec.sdk import pipeline, step


@step
def mode(kind: str) -> str:
    return kind


@step
def one() -> int:
    return 1


@step
def two() -> int:
    return 2


@step
def three() -> int:
    return 3


@pipeline
def program(kind: str = "fast", name: Optional[str] = None) -> int:
    chosen = mode(kind)
    if chosen == "fast" and name is None:
        return one()
    if chosen in ("slow", "slower") and not (name is None or name == ""):
        return two()
    return three()
