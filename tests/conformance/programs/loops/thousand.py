"""A thousand items.

run
  ran: numbers, double x1000, total
  outputs: {"total": 999000}
differs kubeflow: the local runner takes minutes, two iterations at a time
differs argo: not run, since the interpreter starts a process for each iteration, one after another
"""
from pipec.sdk import pipeline, step


@step
def numbers() -> list[int]:
    return list(range(1000))


@step
def double(n: int) -> int:
    return n * 2


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline
def program() -> int:
    return total([double(n) for n in numbers()])
