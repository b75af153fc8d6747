from zenml import pipeline
from zenml.steps import Output, step


@step
def split() -> Output(train=int, test=int):
    return 1, 2


@step
def fit(train: int, test: int) -> Output(score=float):
    return 0.5


@pipeline
def training():
    train, test = split()
    fit(train, test)
