from pipec.sdk import pipeline, step

FOLDS = 0


@step
def train() -> None:
    print()


@pipeline
def training():
    if FOLDS < 1:
        raise ValueError("FOLDS must be 1 or more")
    train()
