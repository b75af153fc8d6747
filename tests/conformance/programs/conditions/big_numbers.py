"""Numbers beyond what a double holds are compared exactly.

run
  ran: big, yes
  skipped: no
  outputs: {"yes": "yes"}
"""
from pipec.sdk import pipeline, step


@step
def big() -> int:
    return 2**53 + 1


@step
def yes() -> str:
    return "yes"


@step
def no() -> str:
    return "no"


@pipeline
def program() -> str:
    n = big()
    if n == 9007199254740993 and n != 9007199254740992:
        return yes()
    else:
        return no()
