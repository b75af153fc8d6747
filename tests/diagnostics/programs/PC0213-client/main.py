from pipec.sdk import pipeline, step
from zenml.client import Client


@step
def train(stack: str) -> None:
    print(stack)


@pipeline
def training():
    train(Client().active_stack.name)
