"""Arguments are passed by value: what a step does to them, no other step sees.

run
  ran: make, spoil, look
  outputs: {"look": [1, 2]}
"""
from pipec.sdk import pipeline, step


@step
def make() -> list[int]:
    return [1, 2]


@step
def spoil(numbers: list[int]) -> int:
    copy = list(numbers)
    copy.clear()
    return len(copy)


@step
def look(numbers: list[int], spoilt: int) -> list[int]:
    return numbers


@pipeline
def program() -> list[int]:
    numbers = make()
    return look(numbers, spoil(numbers))
