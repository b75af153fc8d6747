from pipec.sdk import pipeline
from steps.load import load, loda_all
from steps.train import train


@pipeline
def training():
    load()
    loda_all()
    train()
