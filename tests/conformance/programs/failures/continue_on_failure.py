"""`continue_on_failure`: what does not depend on the failed step runs to its end.

run
  state: failed
  ran: apart, later
  failed: broken
  outputs: {"later": 1}
  raises: ValueError
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


@step(enable_cache=False)
def broken() -> int:
    raise ValueError("no")


@step(enable_cache=False)
def apart() -> int:
    return 1


@step(enable_cache=False)
def later(n: int) -> int:
    return n


@pipeline(execution_mode="continue_on_failure")
def program() -> int:
    broken()
    return later(apart())
