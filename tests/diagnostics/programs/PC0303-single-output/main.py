from pipec.sdk import pipeline, step


@step
def load() -> dict:
    return {}


@step
def train(data: dict) -> None:
    print(data)


@pipeline
def training():
    first, second = load()
    train(first)
