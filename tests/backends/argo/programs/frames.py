from typing import Annotated

import pandas as pd

from pipec.sdk import pipeline, step


@step
def load(rows: int) -> Annotated[pd.DataFrame, "table"]:
    return pd.DataFrame({"x": range(rows), "name": [f"r{i}" for i in range(rows)]})


@step
def total(table: pd.DataFrame) -> Annotated[int, "total"]:
    return int(table["x"].sum())


@pipeline
def frames(rows: int = 5) -> int:
    return total(load(rows))
