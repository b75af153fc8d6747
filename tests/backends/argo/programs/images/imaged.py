from zenml import pipeline, step
from zenml.config import DockerSettings


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step  # sums
def total(values: list[int]) -> int:
    return sum(values)


@step(settings={"docker": DockerSettings(requirements=["numpy"])})
def half(value: int) -> float:
    return value / 2


@pipeline
def imaged(n: int = 4):
    values = load(n)
    count = total(values)
    if count > 3:
        x = half(count)
    else:
        x = 0.0
    return x
