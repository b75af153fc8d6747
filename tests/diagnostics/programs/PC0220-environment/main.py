import os

from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training():
    for epochs in os.environ["EPOCHS"].split(","):
        train(int(epochs))
    if os.getenv("FAST"):
        train(1)
