import os

from zenml import pipeline, step


@step
def read() -> str:
    return os.environ["MODE"]


@pipeline(environment={"MODE": "production", "LEVEL": 2}, secrets=["aws_credentials"], tags=["team-a"])
def configured_pipeline():
    read()
