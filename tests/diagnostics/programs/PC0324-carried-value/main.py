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
    model = train(0)
    total = 0
    history = []
    for batch in batches:
        model = train([model, batch])
        total += 1
        history.append(train(history))
