"""`None` is a value: as output, as argument, as parameter.

run
  ran: nothing, look
  outputs: {"look": "None None None"}
run given=3
  ran: nothing, look
  outputs: {"look": "None 3 None"}
"""
from pipec.sdk import pipeline, step


@step
def nothing(flag: bool = False) -> int | None:
    return 1 if flag else None


@step
def look(a: int | None, b: int | None, c: int | None) -> str:
    return f"{a} {b} {c}"


@pipeline
def program(given: int | None = None) -> str:
    return look(nothing(), given, None)
