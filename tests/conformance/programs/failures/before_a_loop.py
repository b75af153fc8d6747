"""The list of a loop is not made: the loop and what reads it do not run.

run
  state: failed
  failed: names
  stopped: train, best
  raises: ValueError
"""
from pipec.sdk import pipeline, step


@step(enable_cache=False)
def names() -> list[str]:
    raise ValueError("no names")


@step
def train(name: str) -> str:
    return name


@step
def best(models: list[str]) -> str:
    return ",".join(models)


@pipeline
def program() -> str:
    return best([train(name) for name in names()])
