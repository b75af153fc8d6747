"""`after=` a call in a loop means after the whole loop, also where it is empty.

run
  ran: keep x2, done
  outputs: {"done": 1}
run items=[]
  ran: done
  outputs: {"done": 1}
"""
from pipec.sdk import pipeline, step


@step
def keep(item: str) -> None:
    return None


@step
def done() -> int:
    return 1


@pipeline
def program(items: list[str] = ["a", "b"]) -> int:
    for item in items:
        keep(item, id="kept")
    return done(after="kept")
