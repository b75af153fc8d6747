from pipec.sdk import pipeline, step


@step
def split() -> tuple[int, int, int]:
    return 1, 2, 3


@step
def train(data: int) -> None:
    print(data)


@pipeline
def training():
    first, second = split()
    train(first)
