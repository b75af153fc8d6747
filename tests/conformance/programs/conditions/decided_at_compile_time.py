"""What is known when compiling is decided there: the other arm is not in the graph.

run
  ran: fast
  outputs: {"fast": 1}
"""
from pipec.sdk import pipeline, step

MODE = "fast"


@step
def fast() -> int:
    return 1


@step
def slow() -> int:
    return 2


@pipeline
def program() -> int:
    if MODE == "fast":
        return fast()
    return slow()
