from zenml import pipeline, step
from datetime import UTC, datetime

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


training = training.with_options(schedule=Schedule(start_time=datetime(2026, 1, 2, tzinfo=UTC), end_time=datetime(2026, 1, 1, tzinfo=UTC), interval_second=60))
