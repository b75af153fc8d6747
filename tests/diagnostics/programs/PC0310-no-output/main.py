from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@step
def evaluate(model: object) -> None:
    print(model)


@pipeline
def training():
    evaluate(train())
