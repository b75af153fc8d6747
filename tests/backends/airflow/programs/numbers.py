"""Numbers that databases and JSON change on the way."""

import math
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def make(
    big: int, rate: float
) -> tuple[
    Annotated[int, "big"],
    Annotated[float, "nan"],
    Annotated[float, "infinite"],
    Annotated[float, "tiny"],
    Annotated[bool, "flag"],
    Annotated[None, "nothing"],
]:
    assert type(rate) is float
    return big, math.nan, -math.inf, 5e-324, True, None


@step
def show(big: int, nan: float, infinite: float, tiny: float, flag: bool, nothing: None, other: float, whole: float) -> str:
    assert math.isnan(nan)
    return f"{big} {infinite} {tiny} {flag} {nothing} {other} {whole}"


@pipeline
def numbers(big: int = 2**70, rate: float = 1e20) -> str:
    made, nan, infinite, tiny, flag, nothing = make(big, rate)
    return show(made, nan, infinite, tiny, flag, nothing, other=-1.5e-07, whole=3.0)
