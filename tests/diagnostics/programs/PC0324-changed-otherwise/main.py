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


class State:
    def __init__(self):
        self.best = None


@pipeline
def training(batches: list[str]):
    found = [train(0)]
    seen = set()
    state = State()
    for batch in batches:
        found[0] = train(batch)
    for batch in batches:
        seen.add(1)
        train(batch)
    for batch in batches:
        state.best = train(batch)
