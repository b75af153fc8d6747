from pipec.sdk import pipeline
from steps.load import load


@pipeline
def training():
    load()
