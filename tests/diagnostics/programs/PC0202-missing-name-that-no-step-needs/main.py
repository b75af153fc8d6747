from pipec.sdk import pipeline, step
from settings import LIMIT, RATE


@step
def train(rate: float) -> None:
    print(rate)


@pipeline
def training():
    train(RATE)
