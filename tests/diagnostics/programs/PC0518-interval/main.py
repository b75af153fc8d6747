from zenml import pipeline, step
from zenml.config.schedule import Schedule


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))


training = training.with_options(schedule=Schedule(start_time="2026-01-01T00:00:00Z", interval_second=-60))
