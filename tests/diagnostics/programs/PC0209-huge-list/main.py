from pipec.sdk import pipeline, step


@step
def train(rows: list[int]) -> None:
    print(rows)


@pipeline
def training():
    train([0] * 10**12)
