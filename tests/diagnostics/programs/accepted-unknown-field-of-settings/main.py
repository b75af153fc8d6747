from pipec.sdk import pipeline, step
from pipec.sdk import ResourceSettings


@step(settings={"resources": ResourceSettings(cpus=2)})
def train() -> None:
    print()


@pipeline
def training():
    train()
