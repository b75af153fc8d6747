"""`on_failure` of a step fires once, after the last attempt.

run
  state: failed
  failed: broken
  notes: try try try failure
  raises: ValueError
"""
import os
from pathlib import Path

from pipec.sdk import StepRetryConfig, pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


def failed() -> None:
    note("failure")


@step(retry=StepRetryConfig(max_retries=2), on_failure=failed, enable_cache=False)
def broken() -> int:
    note("try")
    raise ValueError("no")


@pipeline
def program() -> int:
    return broken()
