"""A comprehension is a loop, with `enumerate` and `zip`.

run
  ran: pair x2, show
  outputs: {"show": ["0 a 10", "1 b 20"]}
run letters=["x"] numbers=[1, 2]
  ran: pair, show
  outputs: {"show": ["0 x 1"]}
"""
from pipec.sdk import pipeline, step


@step
def pair(index: int, letter: str, number: int) -> str:
    return f"{index} {letter} {number}"


@step
def show(pairs: list[str]) -> list[str]:
    return pairs


@pipeline
def program(letters: list[str] = ["a", "b"], numbers: list[int] = [10, 20]) -> list[str]:
    return show([pair(i, letter, number) for i, (letter, number) in enumerate(zip(letters, numbers))])
