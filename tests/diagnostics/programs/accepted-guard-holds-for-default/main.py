from pipec.sdk import pipeline, step


@step
def load() -> list[int]:
    return [1, 2]


@step
def score(x: object = 1) -> float:
    return 0.5


@step
def train(x: object = 1) -> object:
    return x


@pipeline
def training(name: str | None = None):
    if not name:
        raise ValueError("name it")
    train(name)
