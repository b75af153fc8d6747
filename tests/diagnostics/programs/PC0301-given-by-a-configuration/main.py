from pipec.sdk import pipeline, step


@step
def train(data: list[int], epochs: int, rate: float = 0.1) -> None:
    print(data, epochs, rate)


@pipeline
def training():
    train([1, 2])
