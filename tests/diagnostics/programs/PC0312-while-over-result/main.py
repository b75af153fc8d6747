from pipec.sdk import pipeline, step


@step
def count() -> int:
    return 3


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training():
    epochs = count()
    while epochs > 0:
        train(epochs)
        epochs -= 1
