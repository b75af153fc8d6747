from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline(retries=3)
def training():
    train()
