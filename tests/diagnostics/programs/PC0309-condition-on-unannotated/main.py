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
def training():
    for one in train(1):
        score(one)
    if train(2):
        score(1)
    score.map(train(3))
