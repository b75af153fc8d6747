"""A wrong number of values fails the step.

run
  state: failed
  failed: pair
  raises: ValueError
"""
from pipec.sdk import pipeline, step


@step(enable_cache=False)
def pair(n: int) -> tuple[int, int]:
    if n == 1:
        return 1, 2
    return (1, 2, 3)


@pipeline
def program(n: int = 2):
    a, b = pair(n)
    return a, b
