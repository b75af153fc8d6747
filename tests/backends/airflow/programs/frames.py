"""A table goes from step to step."""

import pandas as pd

from pipec.sdk import pipeline, step


@step
def load(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"a": range(rows), "b": ["é{{"] * rows}, index=pd.RangeIndex(5, 5 + rows, name="at"))


@step
def total(frame: pd.DataFrame) -> str:
    return f"{frame['a'].sum()} {frame['b'].iloc[0]} {frame.index.name} {list(map(str, frame.dtypes))[0]}"


@pipeline
def frames(rows: int = 4) -> str:
    return total(load(rows))
