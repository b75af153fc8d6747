"""`after=` names a call that stands below: statement order orders nothing.

run
  ran: first, second
  notes: second first
"""

import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


@step(enable_cache=False)
def first() -> None:
    note("first")


@step(enable_cache=False)
def second() -> None:
    note("second")


@pipeline
def program() -> None:
    first(after="second")
    second()
