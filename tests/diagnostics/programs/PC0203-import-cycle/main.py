from pipec.sdk import pipeline
from steps import train


@pipeline
def training():
    train(3)
