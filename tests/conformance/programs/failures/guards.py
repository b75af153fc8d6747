"""A `raise` or `assert` that a run decides is a step that fails, and nothing behind it runs.

run
  ran: load x2, train
  skipped: half
  outputs: {"best": 6}
run n=0
  failed: check
  stopped: half, load x2, train
  state: failed
  raises: Small
run n=9
  ran: load
  failed: check
  stopped: half, load, train
  state: failed
  raises: ValueError
run kind="c"
  ran: load
  skipped: half, train
  failed: check
  stopped: load
  state: failed
  outputs: {"best": 0}
  raises: KeyError
run n=1
  ran: load, train
  skipped: half
  failed: check
  stopped: load
  state: failed
  outputs: {"best": 2}
  raises: AssertionError
"""

import os
from typing import Annotated

from pipec.sdk import pipeline, step


class Small(ValueError):
    """A class of the project's."""


@step
def load(n: int) -> int:
    return n


@step
def train(x: int) -> int:
    return x * 2


@step
def half(x: int) -> int:
    return x // 2


@pipeline
def program(n: int = 3, kind: str = "a") -> Annotated[int, "best"]:
    if not os.getenv("PIPEC_CONFORMANCE"):
        raise RuntimeError("the folder of the run is not there")
    if n < 1:
        message = f"{n} is too small"
        raise Small(message)
    x = load(n)
    if x > 8:
        raise ValueError(f"{x} is too large")
    if kind == "a":
        y = train(x)
    elif kind == "b":
        y = half(x)
    else:
        raise KeyError(kind)
    assert y > 2, "small"
    load(y)
    return y
