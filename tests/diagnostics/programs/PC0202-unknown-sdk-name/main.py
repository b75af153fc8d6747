from pipec.sdk import pipeline, stepp


@stepp
def train() -> None:
    print()


@pipeline
def training():
    train()
