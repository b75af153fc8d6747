"""Steps that reach different helpers."""

from lib.one import scale
from lib.two import shift
from pipec.sdk import pipeline, step


@step
def load() -> list[int]:
    return [1, 2, 3]


@step
def scaled(numbers: list[int], factor: int) -> list[int]:
    return [scale(number, factor) for number in numbers]


@step
def shifted(numbers: list[int]) -> list[int]:
    return [shift(number) for number in numbers]


@pipeline
def cached(factor: int = 2) -> list[int]:
    return shifted(scaled(load(), factor))
