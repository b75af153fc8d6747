"""Steps whose results are reused: across runs, not where the policy or the decorator says otherwise, nor in a loop's other items."""

import os
from typing import Annotated

from pipec.sdk import ArtifactConfig, pipeline, step


def note(text: str) -> None:
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{text}\n")


@step
def load(size: int) -> Annotated[list[int], ArtifactConfig(name="numbers")]:
    note("load")
    return list(range(size))


@step(enable_cache=False)
def fresh(size: int) -> int:
    note("fresh")
    return size


@step
def double(value: int) -> int:
    note(f"double {value}")
    return value * 2


@pipeline
def reused(size: int = 3):
    numbers = load(size)
    fresh(size)
    doubled = []
    for number in numbers:
        doubled.append(double(number))
    return doubled, size
