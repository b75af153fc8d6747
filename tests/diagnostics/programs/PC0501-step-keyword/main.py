from pipec.sdk import pipeline, step


@step(enable_caching=False)
def train() -> None:
    print()


@pipeline
def training():
    train()
