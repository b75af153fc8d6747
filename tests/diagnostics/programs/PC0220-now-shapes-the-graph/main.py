from datetime import datetime

from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline
def training():
    if datetime.now().hour < 12:
        train()
