"""A loop in an arm: skipped as a whole, or run for each item.

run
  ran: train x2, best
  outputs: {"best": "trained a,trained b"}
run is_wanted=false
  ran: best
  skipped: train
  outputs: {"best": "none"}
"""
from pipec.sdk import pipeline, step


@step
def train(name: str) -> str:
    return f"trained {name}"


@step
def best(models: list[str]) -> str:
    return ",".join(models) or "none"


@pipeline
def program(is_wanted: bool = True, items: list[str] = ["a", "b"]) -> str:
    models = []
    if is_wanted:
        models = [train(item) for item in items]
    return best(models)
