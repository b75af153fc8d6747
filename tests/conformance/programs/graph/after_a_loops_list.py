"""`after=` a list that a loop filled: after the whole loop.

run
  ran: last, shout x3
  notes: shout shout shout last
run parallel=0
  ran: last
  notes: last
"""

import os
import pathlib

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with (pathlib.Path(os.environ["PIPEC_CONFORMANCE"]) / "notes").open("a") as file:
        file.write(f"{word} ")


@step(enable_cache=False)
def shout(text: str) -> str:
    note("shout")
    return text.upper()


@step(enable_cache=False)
def last() -> None:
    note("last")


@pipeline
def program(parallel: int = 3) -> None:
    after = [shout("a") for _ in range(parallel)]
    last(after=after)
