import os

from pipec.sdk import pipeline, step
from zenml.client import Client


@step
def train(model: object, home: str) -> None:
    print(model, home)


@pipeline
def training():
    train(Client().get_artifact_version("model"), os.environ["HOME"])
