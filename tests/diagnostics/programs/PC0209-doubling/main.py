from pipec.sdk import pipeline, step


@step
def train(text: str) -> None:
    print(text)


@pipeline
def training():
    text = "a"
    for _ in range(200):
        text = text + text
    train(text)
