import numpy as np
from pipec.sdk import pipeline, step


@step
def train(rates: list[float]) -> None:
    print(rates)


@pipeline
def training():
    rates = np.linspace(0.1, 0.9, 5)
    train(rates)
