from typing import Annotated

from pipec.sdk import pipeline, step


@step
def split() -> tuple[Annotated[int, "part"], Annotated[int, "part"]]:
    return 1, 2


@pipeline
def training():
    split()
