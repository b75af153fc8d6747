import pandas as pd
from pipec.sdk import pipeline, step


@step
def load() -> pd.DataFrame:
    return pd.DataFrame()


@step
def train(data: object) -> None:
    print(data)


@pipeline
def training():
    data = load()
    train(f"rows: {data}")
    train(data == 1)
    train(data["price"])
    train(data.price)
    for column in data:
        train(column)
    train([column for column in data])
    train(len(data))
    train(str(data))
    train(data + 1)
    train(data and 1)
    train("%s" % data)
    train("{}".format(data))
