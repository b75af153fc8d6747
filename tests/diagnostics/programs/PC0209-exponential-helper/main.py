from pipec.sdk import pipeline, step


@step
def train(total: int) -> None:
    print(total)


def count(n):
    return 1 if n < 2 else count(n - 1) + count(n - 2)


@pipeline
def training():
    train(count(60))
