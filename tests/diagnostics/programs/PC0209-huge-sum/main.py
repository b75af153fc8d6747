from pipec.sdk import pipeline, step


@step
def train(total: object) -> None:
    print(total)


@pipeline
def training():
    train(sum(range(10**12)))
