"""A pipeline with everything that a picture has to show."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def load(path: str) -> tuple[Annotated[list[int], "rows"], Annotated[int, "count"]]:
    """Reads the rows."""
    return [1, 2, 3], 3


@step
def clean(rows: list[int]) -> list[int]:
    return rows


@step
def train(rows: list[int], rate: float) -> float:
    return rate


@step
def pick(scores: list[float]) -> float:
    """Takes the best score."""
    return max(scores)


@step
def deploy(score: float) -> str:
    return "https://example.org"


@step
def warn(score: float) -> str:
    return ""


@step
def report(url: str, count: int) -> None:
    print(url, count)


@pipeline
def prepare(path: str):
    rows, count = load(path)
    return clean(rows), count


@pipeline
def demo(path: str = "data.csv", rates: list[float] = [0.1, 0.2], threshold: float = 0.5):
    """Trains for each rate, and deploys the best if it is good enough."""
    rows, count = prepare(path)
    scores = [train(rows, rate) for rate in rates]
    best = pick(scores)
    if best > threshold:
        url = deploy(best)
    else:
        url = warn(best)
    report(url, count)
