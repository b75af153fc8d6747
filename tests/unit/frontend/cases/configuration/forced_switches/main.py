"""Switches of a run configuration are set on every step, also one that says otherwise; `steps.<id>` wins over them."""

from zenml import pipeline, step


@step(enable_cache=True, enable_step_logs=True)
def load(rows: int = 3) -> int:
    return rows


@step(enable_cache=True)
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(enable_cache=True)
def training(rows: int = 3):
    train(load(rows))
