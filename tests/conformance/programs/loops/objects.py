"""A loop over a list of objects that are no JSON: each iteration gets its own.

run
  ran: frames, rows x3, show
  outputs: {"show": [1, 2, 3]}
"""
import pandas as pd

from pipec.sdk import pipeline, step


@step
def frames() -> list[pd.DataFrame]:
    return [pd.DataFrame({"a": range(n)}) for n in (1, 2, 3)]


@step
def rows(frame: pd.DataFrame) -> int:
    return len(frame)


@step
def show(numbers: list[int]) -> list[int]:
    return numbers


@pipeline
def program() -> list[int]:
    return show([rows(frame) for frame in frames()])
