from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training(epochs: int = 3, names: list[str] = ["a"]):
    if epochs > 3:
        train(epochs)
    for name in names:
        train(1)
