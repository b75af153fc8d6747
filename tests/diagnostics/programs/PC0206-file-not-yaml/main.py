import yaml
from pipec.sdk import pipeline, step


@step
def train(epochs: int) -> None:
    print(epochs)


@pipeline
def training():
    settings = yaml.safe_load(open("settings.yaml"))
    train(settings["epochs"])
