from pipec.sdk import pipeline, step


@step
def train(total: object) -> None:
    print(total)


@pipeline
def training():
    train(pow(9, 9**9))
