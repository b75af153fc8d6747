"""What a loop collects decides a condition.

run
  ran: check x3, good
  skipped: bad
  outputs: {"good": "good"}
run numbers=[1, -1]
  ran: check x2, bad
  skipped: good
  outputs: {"good": "bad"}
"""
from pipec.sdk import pipeline, step


@step
def check(n: int) -> bool:
    return n > 0


@step
def good() -> str:
    return "good"


@step
def bad() -> str:
    return "bad"


@pipeline
def program(numbers: list[int] = [1, 2, 3]) -> str:
    checks = [check(n) for n in numbers]
    if all(checks):
        return good()
    else:
        return bad()
