"""A failure in a nested pipeline fails what reads from it.

run
  state: failed
  ran: apart
  failed: broken
  stopped: later
  outputs: {"apart": 1}
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


@pipeline
def inner() -> int:
    return broken()


@pipeline
def program():
    later(inner())
    return apart()
