from pipec.sdk import pipeline, step


@step
def train(callback: object) -> None:
    print(callback)


@pipeline
def training():
    train(lambda epoch: epoch + 1)
