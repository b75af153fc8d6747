from zenml import pipeline, step


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))

