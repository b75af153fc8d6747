from pipec.sdk import pipeline
from a import load
from b import train


@pipeline
def training():
    train(load())
