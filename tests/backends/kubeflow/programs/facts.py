import datetime
import os
import random

from pipec.sdk import pipeline, step


@step
def show(first: float, second: float, mode: str) -> list[bool]:
    return [0 <= first < 1, first == second, mode == "fast"]


@step
def year(started: datetime.datetime) -> bool:
    return started.year > 2000


@step
def draw(value: float) -> float:
    return value


@step(environment={"A": "1"}, enable_cache=True)
def plain() -> int:
    return 1


@pipeline
def facts() -> list[bool]:
    """A draw is the same wherever it is read; the environment is that of the step."""
    value = random.random()
    plain()
    year(datetime.datetime.now())
    return show(value, draw(value), os.getenv("PIPEC_TEST_MODE", "slow"))
