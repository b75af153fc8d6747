from pipec.sdk import pipeline
from ...steps import load


@pipeline
def training():
    load()
