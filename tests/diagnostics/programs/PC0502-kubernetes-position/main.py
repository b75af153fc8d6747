from zenml import pipeline, step
from kubernetes.client import V1Toleration


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(settings={"orchestrator.kubernetes": {"pod_settings": {"tolerations": [V1Toleration("NoSchedule")]}}})
def training(rows: int = 3):
    train(load(rows))
