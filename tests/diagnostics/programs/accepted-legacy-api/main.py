from zenml import pipeline
from zenml.steps import BaseParameters, step


class Settings(BaseParameters):
    epochs: int = 3


@step
def train(settings: Settings) -> None:
    print(settings)


@pipeline
def training():
    train(Settings())
