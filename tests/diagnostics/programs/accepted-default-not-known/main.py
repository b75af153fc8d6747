import numpy as np
from pipec.sdk import pipeline, step


@step
def train(rate: float) -> None:
    print(rate)


@pipeline
def training(rate: float = np.pi):
    train(rate)
