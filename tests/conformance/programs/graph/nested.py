"""A pipeline that calls pipelines: what they return is read outside.

run
  ran: make x2, double x3
  outputs: {"double_3": 12}
"""
from pipec.sdk import pipeline, step


@step
def make(n: int) -> int:
    return n


@step
def double(n: int) -> int:
    return n * 2


@pipeline
def inner(n: int) -> int:
    return double(make(n))


@pipeline
def program(start: int = 2) -> int:
    inner(start)
    return double(other(start))


@pipeline
def other(n: int) -> int:
    return inner(n + 1)
