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
def training():
    queue = load().load()
    while queue:
        queue = [*queue[1:], score(queue[0])]
