from zenml import pipeline, step
from zenml.hooks import alerter_failure_hook


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(on_success=alerter_failure_hook)
def training(rows: int = 3):
    train(load(rows))
