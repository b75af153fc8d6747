from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> int:
    return epochs


@pipeline
def training():
    first = train()
    train(first)
    second = train(epoch=3)
    train(second)
    train(1 / 0)
    train(missing)
    return first
