import json

from pipec.sdk import pipeline, step


@step
def train(rate: float) -> None:
    print(rate)


@pipeline
def training():
    with open("settings.json") as file:
        settings = json.load(file)
    train(settings["rate"])
