from zenml import pipeline, step


@step
def train() -> None:
    print()


@pipeline
def training():
    train()
