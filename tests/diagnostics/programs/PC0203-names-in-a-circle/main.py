from pipec.sdk import pipeline, step
from a import RATE


@step
def train(rate: float) -> None:
    print(rate)


@pipeline
def training():
    train(RATE)
