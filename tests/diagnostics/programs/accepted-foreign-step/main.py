from zenml import pipeline
from zenml.integrations.mlflow.steps.mlflow_deployer import mlflow_model_deployer_step


@pipeline
def deployment():
    mlflow_model_deployer_step(model=None)
