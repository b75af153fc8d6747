"""`.product` runs every combination; the last input varies fastest.

run
  ran: letters, digits, pair x4, show
  outputs: {"show": ["a1", "a2", "b1", "b2"]}
"""
from pipec.sdk import pipeline, step


@step
def letters() -> list[str]:
    return ["a", "b"]


@step
def digits() -> list[int]:
    return [1, 2]


@step
def pair(letter: str, digit: int) -> str:
    return f"{letter}{digit}"


@step
def show(pairs: list[str]) -> list[str]:
    return pairs


@pipeline(dynamic=True)
def program() -> list[str]:
    return show(pair.product(letter=letters(), digit=digits()))
