from pipec.sdk import pipeline, step
from zenml.integrations.mlflow.steps import mlflow_unknown_step


@step
def train() -> float:
    return 0.5


@pipeline
def training():
    mlflow_unknown_step(train())
