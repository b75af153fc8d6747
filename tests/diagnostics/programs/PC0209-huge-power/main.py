from pipec.sdk import pipeline, step


@step
def train(total: int) -> None:
    print(total)


@pipeline
def training():
    train(9**9**9)
