from pipec.sdk import pipeline, step


@step
def train(total: int) -> None:
    print(total)


@pipeline
def training():
    total = 0
    while True:
        total += 1
    train(total)
