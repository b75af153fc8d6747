from pipec.sdk import pipeline, step


@step
def train(total: int) -> None:
    print(total)


@pipeline
def training():
    total = 0
    for index in range(1_000_000):
        total += index
    train(total)
