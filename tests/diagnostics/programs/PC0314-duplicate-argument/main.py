from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training():
    train(3, epochs=5)
