from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> float:
    return 0.1 * epochs


@step
def report(score: float) -> None:
    print(score)


@pipeline
def training():
    score = train(3)
    report(scroe)
