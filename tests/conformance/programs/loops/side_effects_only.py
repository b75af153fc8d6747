"""A loop of which nothing is collected.

run
  ran: keep x3
run items=[]
"""
from pipec.sdk import pipeline, step


@step
def keep(item: str) -> None:
    return None


@pipeline
def program(items: list[str] = ["a", "b", "c"]) -> None:
    for item in items:
        keep(item)
