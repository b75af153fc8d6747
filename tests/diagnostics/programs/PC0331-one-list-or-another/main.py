from pipec.sdk import pipeline, step


@step
def train(x: object = 1) -> float:
    return 0.5


@pipeline
def training(fast: bool = True):
    quick, thorough = [], []
    if fast:
        chosen = quick
    else:
        chosen = thorough
    chosen.append(train())
    train([quick, thorough])
