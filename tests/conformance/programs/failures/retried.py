"""Retries count attempts after the first: the third one succeeds.

run folder="$TMP"
  ran: flaky, report
  outputs: {"report": "after 3"}
  raises: RuntimeError
"""
from pathlib import Path

from pipec.sdk import StepRetryConfig, pipeline, step


@step(retry=StepRetryConfig(max_retries=2), enable_cache=False)
def flaky(folder: str) -> int:
    file = Path(folder, "attempts")
    attempts = len(file.read_text()) + 1 if file.exists() else 1
    file.write_text("x" * attempts)
    if attempts < 3:
        raise RuntimeError(f"attempt {attempts}")
    return attempts


@step
def report(n: int) -> str:
    return f"after {n}"


@pipeline
def program(folder: str) -> str:
    return report(flaky(folder))
