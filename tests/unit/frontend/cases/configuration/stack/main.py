"""A stack: environment, secrets, settings, names of components; beneath all that the program says."""

from zenml import pipeline, step
from zenml.client import Client
from zenml.config import ResourceSettings

tracker = Client().active_stack.experiment_tracker


@step(experiment_tracker=tracker.name, step_operator=Client().active_stack.step_operator.name)
def load(rows: int = 3) -> int:
    return rows


@step(settings={"resources": ResourceSettings(cpu_count=4)}, environment={"STAGE": "step"})
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(environment={"OWN": "1"})
def training(rows: int = 3):
    train(load(rows))
