"""What is known when a run or a step starts: the test puts look-ups and facts of the run in place of the constants."""

from typing import Any

from pipec.sdk import pipeline, step


@step
def where(place: str, other: str, run: str, drawn: Any, started: Any) -> str:
    assert run.startswith("manual__"), run
    assert 0 <= drawn < 1, drawn
    assert started.tzinfo is not None, started
    return f"{place} {other}"


@pipeline
def facts() -> str:
    return where("place", other="other", run="run", drawn=0, started=0)
