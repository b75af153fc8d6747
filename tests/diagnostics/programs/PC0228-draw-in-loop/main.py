import random

from pipec.sdk import pipeline, step


@step
def train(name: str, seed: int) -> None:
    return None


@pipeline
def training(names: list[str]):
    for name in names:
        train(name, seed=random.randint(0, 100))
    for name in ("a", "b"):
        train(name, seed=random.randint(0, 100))
