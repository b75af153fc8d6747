"""One iteration fails: the others run, what collects them does not.

run
  state: failed
  ran: train x2
  failed: train
  stopped: best
  raises: ValueError
"""
from pipec.sdk import pipeline, step


@step
def train(n: int) -> int:
    if n == 2:
        raise ValueError(n)
    return n


@step
def best(models: list[int]) -> int:
    return max(models)


@pipeline
def program(numbers: list[int] = [1, 2, 3]) -> int:
    return best([train(n) for n in numbers])
