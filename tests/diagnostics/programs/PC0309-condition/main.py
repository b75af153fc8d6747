import pandas as pd
from pipec.sdk import pipeline, step


@step
def load() -> pd.DataFrame:
    return pd.DataFrame()


@step
def train(data: pd.DataFrame) -> None:
    print(data)


@pipeline
def training():
    data = load()
    if data:
        train(data)
