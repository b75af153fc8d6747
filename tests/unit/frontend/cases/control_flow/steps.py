"""The steps of every program beside this file."""

from typing import Annotated

from pipec.sdk import step


@step
def load() -> dict[str, int]:
    return {"a": 1}


@step
def names() -> list[str]:
    return ["a", "b"]


@step
def count() -> int:
    return 3


@step
def train(x: object = 1, y: object = 2) -> float:
    return 0.5


@step
def score(model: object) -> float:
    return 0.9


@step
def split(x: object = 1) -> tuple[Annotated[int, "left"], Annotated[int, "right"]]:
    return 1, 2


@step
def log(x: object = None) -> None:
    print(x)


@step
def report(scores: object) -> str:
    return str(scores)


@step
def numbers() -> list[int]:
    return [1, 2]


@step
def anything():
    return [1]
