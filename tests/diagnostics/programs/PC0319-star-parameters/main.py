from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training(**settings: int):
    train(settings["epochs"])
