from typing import Annotated

import pandas as pd
from sklearn.datasets import load_breast_cancer

from churn.config import TARGET
from pipec.sdk import step


@step
def load(rows: int | None = None) -> Annotated[pd.DataFrame, "customers"]:
    """Loads the customer table, or its first `rows` rows."""
    table = load_breast_cancer(as_frame=True).frame.rename(columns={"target": TARGET})
    return table if rows is None else table.head(rows)
