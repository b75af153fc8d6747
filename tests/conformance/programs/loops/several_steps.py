"""Several steps in the body, in a chain, with a value from outside.

run
  ran: offset, load x2, fit x2, show
  outputs: {"show": [102, 104]}
"""
from pipec.sdk import pipeline, step


@step
def offset() -> int:
    return 100


@step
def load(n: int) -> int:
    return n * 2


@step
def fit(n: int, base: int) -> int:
    return n + base


@step
def show(values: list[int]) -> list[int]:
    return values


@pipeline
def program(numbers: list[int] = [1, 2]) -> list[int]:
    base = offset()
    values = []
    for number in numbers:
        loaded = load(number)
        values.append(fit(loaded, base))
    return show(values)
