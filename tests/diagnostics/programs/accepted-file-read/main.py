from pathlib import Path

import yaml
from pipec.sdk import pipeline, step

HERE = Path(__file__).parent


@step
def train(epochs: int, title: str) -> None:
    print(epochs, title)


@pipeline
def training():
    with open(HERE / "settings.yaml") as file:
        settings = yaml.safe_load(file)
    title = (HERE / "title.txt").read_text().strip()
    for epochs in settings["epochs"]:
        train(epochs, title)
