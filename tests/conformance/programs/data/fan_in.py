"""Lists and dicts of results, mixed with constants and parameters, nested.

run
  ran: number x3, collect
  outputs: {"collect": [[1, 2, 5], {"a": 1, "b": [2, 3]}, [3, 4]]}
"""
from pipec.sdk import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def collect(numbers: list[int], named: dict, pair: tuple[int, int]) -> list:
    return [numbers, named, list(pair)]


@pipeline
def program(extra: int = 5) -> list:
    one, two, three = number(1), number(2), number(3)
    return collect([one, two, extra], {"a": one, "b": [two, three]}, (three, 4))
