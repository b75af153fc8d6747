from pipec.sdk import pipeline, step


@step
def load() -> None:
    print()


@step
def train(data: int) -> None:
    print(data)


@pipeline
def training():
    first, second = load()
    train(first)
