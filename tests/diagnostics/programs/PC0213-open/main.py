from pipec.sdk import pipeline, step


@step
def train(text: str) -> None:
    print(text)


@pipeline
def training():
    train(open("rates.txt").read())
