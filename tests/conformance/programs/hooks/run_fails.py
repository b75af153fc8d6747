"""Run-level hooks of a run that fails: `on_failure` gets the exception, of its own class; clean-up runs.

run
  state: failed
  failed: work
  stopped: never
  notes: init work failure:ValueError:no cleanup
  raises: ValueError
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


def begin() -> None:
    note("init")


def succeeded() -> None:
    note("success")


def failed(exception: BaseException) -> None:
    note(f"failure:{type(exception).__name__}:{exception}")


def clean() -> None:
    note("cleanup")


@step(enable_cache=False)
def work() -> int:
    note("work")
    raise ValueError("no")


@step
def never(n: int) -> int:
    return n


@pipeline(on_init=begin, on_success=succeeded, on_failure=failed, on_cleanup=clean)
def program() -> int:
    return never(work())
