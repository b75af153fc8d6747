from pipec.sdk import pipeline, step


@step
def train(epochs: int, rates: list[float]) -> None:
    print(epochs, rates)


@pipeline
def training(rate: float = 0.1):
    train("three", rate)
