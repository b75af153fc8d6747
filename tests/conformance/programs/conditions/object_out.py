"""An object that is no JSON leaves the arm that ran.

run
  ran: small, rows
  skipped: large
  outputs: {"rows": 2}
run is_large=true
  ran: large, rows
  skipped: small
  outputs: {"rows": 5}
"""
import pandas as pd

from pipec.sdk import pipeline, step


@step
def small() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2]})


@step
def large() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 3, 4, 5]})


@step
def rows(frame: pd.DataFrame) -> int:
    return len(frame)


@pipeline
def program(is_large: bool = False) -> int:
    frame = large() if is_large else small()
    return rows(frame)
