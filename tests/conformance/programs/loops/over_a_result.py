"""A loop over a list that a step returns: what it collects is in the order of the items. Empty, one, several.

run
  ran: names, train x3, best
  outputs: {"best": "trained n0,trained n1,trained n2"}
run count=1
  ran: names, train, best
  outputs: {"best": "trained n0"}
run count=0
  ran: names, best
  outputs: {"best": "none"}
"""
from pipec.sdk import pipeline, step


@step
def names(count: int) -> list[str]:
    return [f"n{i}" for i in range(count)]


@step
def train(name: str) -> str:
    return f"trained {name}"


@step
def best(models: list[str]) -> str:
    return ",".join(models) or "none"


@pipeline
def program(count: int = 3) -> str:
    models = []
    for name in names(count):
        models.append(train(name))
    return best(models)
