"""The test gives it a schedule."""

from pipec.sdk import pipeline, step


@step
def tick(word: str) -> str:
    return word


@pipeline
def scheduled(word: str = "tock") -> str:
    return tick(word)
