from pipec.sdk import pipeline, step


@step
def train(x: int, y: int) -> int:
    return x + y


@pipeline(dynamic=True)
def training():
    train.map(x=[1, 2], y=[1, 2, 3])
