from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training(epochs: int = 3):
    while epochs > 0:
        train(epochs)
        epochs -= 1
