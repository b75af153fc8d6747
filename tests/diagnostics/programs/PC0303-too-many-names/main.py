from typing import Annotated

from pipec.sdk import pipeline, step


@step
def split() -> tuple[Annotated[int, "train"], Annotated[int, "test"]]:
    return 1, 2


@step
def train(data: int) -> None:
    print(data)


@pipeline
def training():
    first, second, third = split()
    train(first)
