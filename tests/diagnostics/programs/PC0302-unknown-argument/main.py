from pipec.sdk import pipeline, step


@step
def train(epochs: int = 3) -> None:
    print(epochs)


@pipeline
def training():
    train(epoch=5)
