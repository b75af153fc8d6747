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


@pipeline(dynamic=True)
def training(name: str = "a"):
    train.map(1)
    train.map(x=name)
    train.map(train(2))
    score.product([])
