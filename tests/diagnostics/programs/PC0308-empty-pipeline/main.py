from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline
def training():
    train
