"""Data frames and arrays travel with their types.

run
  ran: load, describe
  outputs: {"describe": ["int64", "float64", "str", 3, "float32", 6]}
"""
import numpy as np
import pandas as pd

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def load() -> tuple[Annotated[pd.DataFrame, "frame"], Annotated[np.ndarray, "array"]]:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5], "c": ["x", "y", "z"]})
    return frame, np.arange(6, dtype="float32").reshape(2, 3)


@step
def describe(frame: pd.DataFrame, array: np.ndarray) -> list:
    kinds = [str(frame[name].dtype).replace("object", "str") for name in frame.columns]
    return [*kinds, len(frame), str(array.dtype), int(array.size)]


@pipeline
def program() -> list:
    frame, array = load()
    return describe(frame, array)
