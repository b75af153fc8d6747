import pandas as pd
from pipec.sdk import pipeline, step


@step
def load() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})


@step
def count(frame: pd.DataFrame) -> int:
    assert list(frame.columns) == ["a", "b"]
    return int(frame["a"].sum())


@pipeline
def frames() -> int:
    return count(load())
