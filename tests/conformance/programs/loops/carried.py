"""A value that one iteration takes from the one before.

refused: PC0324
"""
from pipec.sdk import pipeline, step


@step
def grow(n: int, by: int) -> int:
    return n + by


@pipeline
def program(numbers: list[int] = [1, 2]) -> int:
    n = grow(0, 0)
    for number in numbers:
        n = grow(n, number)
    return n
