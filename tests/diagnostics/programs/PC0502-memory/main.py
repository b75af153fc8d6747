from pipec.sdk import pipeline, step
from pipec.sdk import ResourceSettings


@step(settings={"resources": ResourceSettings(memory="4Gb")})
def train() -> None:
    print()


@pipeline
def training():
    train()
