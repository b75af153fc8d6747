"""A failed step fails what depends on it and the run; what does not depend on it runs.

run
  state: failed
  ran: apart
  failed: broken
  stopped: dependent
  outputs: {"other": 1}
  raises: ValueError
"""
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def broken() -> int:
    raise ValueError("no")


@step
def dependent(n: int) -> Annotated[int, "never"]:
    return n


@step
def apart() -> Annotated[int, "other"]:
    return 1


@pipeline
def program():
    never = dependent(broken())
    return never, apart()
