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
def training(fast: bool = True, kind: str = "a"):
    if fast:
        model = train(1)
    score(model)
    if kind == "a":
        other = train(2)
    elif kind == "b":
        other = train(3)
    score(other)
