"""Names that are one and the same to Kubernetes."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step(name="Train_Model")
def train(größe: int) -> Annotated[int, "größe"]:
    return größe


@step(name="train-model")
def train_again(value: int) -> Annotated[int, "value"]:
    return value + 1


@step
def main(value: int, größe: int) -> str:
    return f"{value} {größe}"


@pipeline(name="Ünicode Names")
def alike(größe: int = 5) -> str:
    first = train(größe)
    second = train_again(first)
    return main(second, größe)
