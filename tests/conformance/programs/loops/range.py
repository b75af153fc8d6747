"""`range` of a number that only a run knows.

run
  ran: count, square x4, total
  outputs: {"total": 14}
run n=0
  ran: count, total
  outputs: {"total": 0}
"""
from pipec.sdk import pipeline, step


@step
def count(n: int) -> int:
    return n


@step
def square(n: int) -> int:
    return n * n


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@pipeline
def program(n: int = 4) -> int:
    return total([square(i) for i in range(count(n))])
