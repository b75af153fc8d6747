"""A parameter of a wrong type: no step that takes it starts the user's code.

run n="many"
  checked: before
  raises: TypeError
"""
from pipec.sdk import pipeline, step


@step
def use(n: int) -> int:
    return n + 1


@pipeline
def program(n: int = 1) -> int:
    return use(n)
