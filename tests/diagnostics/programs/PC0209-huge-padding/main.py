from pipec.sdk import pipeline, step


@step
def train(total: object) -> None:
    print(total)


@pipeline
def training():
    train("a".ljust(10**17))
