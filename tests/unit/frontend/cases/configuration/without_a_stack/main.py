"""Names of the active stack's components stay "the stack's own" where no stack is chosen."""

from zenml import pipeline, step
from zenml.client import Client

tracker = Client().active_stack.experiment_tracker


@step(experiment_tracker=tracker.name)
def load(rows: int = 3) -> int:
    return rows


@step(step_operator=Client().active_stack.step_operator.name)
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))
