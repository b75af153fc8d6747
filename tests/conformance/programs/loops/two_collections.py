"""Two lists are collected, with a constant and the item among them; a list that held something before goes on.

run
  ran: double x2, show
  outputs: {"show": [[0, 2, 4], ["k1", "k2"], [1, 2]]}
run numbers=[]
  ran: show
  outputs: {"show": [[0], [], []]}
"""
from pipec.sdk import pipeline, step


@step
def double(n: int) -> int:
    return n * 2


@step
def show(a: list[int], b: list[str], c: list[int]) -> list:
    return [a, b, c]


@pipeline
def program(numbers: list[int] = [1, 2]) -> list:
    doubled, keys, seen = [0], [], []
    for number in numbers:
        doubled.append(double(number))
        keys.append(f"k{number}")
        seen.append(number)
    return show(doubled, keys, seen)
