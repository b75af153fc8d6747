"""A step in the arm that runs fails: what reads the value does not run.

run
  state: failed
  failed: broken
  skipped: fine
  stopped: report
  raises: ValueError
run flag=false
  ran: fine, report
  skipped: broken
  outputs: {"report": 2}
"""
from pipec.sdk import pipeline, step


@step
def broken() -> int:
    raise ValueError("no")


@step
def fine() -> int:
    return 1


@step
def report(n: int) -> int:
    return n + 1


@pipeline
def program(flag: bool = True) -> int:
    n = broken() if flag else fine()
    return report(n)
