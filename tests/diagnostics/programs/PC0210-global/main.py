from pipec.sdk import pipeline, step

COUNT = 0


@step
def train(count: int) -> None:
    print(count)


@pipeline
def training():
    global COUNT
    COUNT = 1
    train(COUNT)
