from pipec.sdk import pipeline, step


@step
def train(depth: int) -> None:
    print(depth)


def deeper(depth):
    return deeper(depth + 1)


@pipeline
def training():
    train(deeper(0))
