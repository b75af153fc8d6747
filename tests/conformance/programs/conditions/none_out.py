"""`None` leaves an arm that binds it.

run
  ran: look
  skipped: make
  outputs: {"look": "None"}
run flag=true
  ran: make, look
  outputs: {"look": "7"}
"""
from pipec.sdk import pipeline, step


@step
def make() -> int:
    return 7


@step
def look(n: int | None) -> str:
    return str(n)


@pipeline
def program(flag: bool = False) -> str:
    n = None
    if flag:
        n = make()
    return look(n)
