"""Pipelines in pipelines, and a step that waits for a whole one."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def number(value: int) -> Annotated[int, "number"]:
    return value


@step
def join(words: list[str], number: int) -> Annotated[str, "text"]:
    return "-".join(words) + str(number)


@step
def words(count: int) -> Annotated[list[str], "words"]:
    return ["w"] * count


@pipeline
def inner(count: int, seed: int) -> tuple[list[str], int]:
    made = words(count)
    return made, number(seed)


@pipeline
def middle(seed: int) -> str:
    base = number(seed)
    made, other = inner(count=base, seed=seed)
    return join(made, other)


@pipeline
def nested(seed: int = 3) -> str:
    first = middle(seed)
    second = middle(2)
    return join([first, second], number(9, after=["middle", "middle_2"]))
