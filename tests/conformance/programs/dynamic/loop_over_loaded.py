"""A loop over what a step returned, loaded.

run
  ran: numbers, square x3, total
  outputs: {"total": 14}
  plain: a plain value has no `load`
"""
from pipec.sdk import pipeline, step


@step
def numbers() -> list[int]:
    return [1, 2, 3]


@step
def square(n: int) -> int:
    return n * n


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline(dynamic=True)
def program() -> int:
    squares = []
    for number in numbers().load():
        squares.append(square(number))
    return total(squares)
