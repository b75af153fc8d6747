"""`d[key] = …` in a loop is a dict by key; `items()` of a dict parameter gives pairs.

run
  ran: double x2, show
  outputs: {"show": {"a": 2, "b": 4}}
run sizes={}
  ran: show
  outputs: {"show": {}}
"""
from pipec.sdk import pipeline, step


@step
def double(n: int) -> int:
    return n * 2


@step
def show(values: dict[str, int]) -> dict[str, int]:
    return values


@pipeline
def program(sizes: dict[str, int] = {"a": 1, "b": 2}) -> dict[str, int]:
    doubled = {}
    for name, size in sizes.items():
        doubled[name] = double(size)
    return show(doubled)
