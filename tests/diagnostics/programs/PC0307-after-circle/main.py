from pipec.sdk import pipeline, step


@step
def load() -> None:
    print()


@step
def train() -> None:
    print()


@pipeline
def training():
    load(after="train")
    train(after="load")
