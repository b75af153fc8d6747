"""`.map` over a list that a step returns, with a value for all.

run
  ran: names, train x2, best
  outputs: {"best": "n0:x,n1:x"}
"""
from pipec.sdk import pipeline, step, unmapped


@step
def names(count: int) -> list[str]:
    return [f"n{i}" for i in range(count)]


@step
def train(name: str, how: str) -> str:
    return f"{name}:{how}"


@step
def best(models: list[str]) -> str:
    return ",".join(models)


@pipeline(dynamic=True)
def program(count: int = 2) -> str:
    return best(train.map(name=names(count), how=unmapped("x")))
