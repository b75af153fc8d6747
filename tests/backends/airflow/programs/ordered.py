"""Order without data."""

import os
from pathlib import Path

from pipec.sdk import pipeline, step


@step
def mark(word: str) -> None:
    with Path(os.environ["TRACE"]).open("a") as file:
        file.write(word + " ")


@pipeline
def ordered() -> None:
    last = mark("last", id="z-last", after=["b", "a-first"])
    mark("b", id="b", after="a-first")
    mark("a", id="a-first")
    mark("end", id="end", after=last)
