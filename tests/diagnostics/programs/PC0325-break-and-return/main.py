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
def training(batches: list[str]):
    for batch in batches:
        train(batch)
        if batch == "last":
            break
    for batch in load():
        if score(batch) > 0.5:
            return train(batch)
