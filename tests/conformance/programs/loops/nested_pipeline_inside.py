"""A nested pipeline in a loop.

run
  ran: load x2, fit x2, show
  outputs: {"show": [11, 21]}
"""
from pipec.sdk import pipeline, step


@step
def load(n: int) -> int:
    return n * 10


@step
def fit(n: int) -> int:
    return n + 1


@step
def show(values: list[int]) -> list[int]:
    return values


@pipeline
def inner(n: int) -> int:
    return fit(load(n))


@pipeline
def program(numbers: list[int] = [1, 2]) -> list[int]:
    return show([inner(number) for number in numbers])
