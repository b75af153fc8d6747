"""A loop over what is known at compile time is unrolled: a call for each item.

run
  ran: train x3, best
  outputs: {"best": "trained c"}
"""
from pipec.sdk import pipeline, step

KINDS = ("a", "b", "c")


@step
def train(kind: str) -> str:
    return f"trained {kind}"


@step
def best(models: list[str]) -> str:
    return max(models)


@pipeline
def program() -> str:
    return best([train(kind) for kind in KINDS])
