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


from pipec.sdk import wait


@pipeline(dynamic=True)
def training():
    train(wait(question="go on?"))
    model = train.submit(1)
    train(model.chunk(0))
    train.map(load(), start_after=model)
