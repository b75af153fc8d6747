"""Run-level hooks of a run that succeeds: init before everything, success, clean-up last.

run
  ran: work
  outputs: {"work": 1}
  notes: init work success cleanup
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
    note(f"failure:{type(exception).__name__}")


def clean() -> None:
    note("cleanup")


@step(enable_cache=False)
def work() -> int:
    note("work")
    return 1


@pipeline(on_init=begin, on_success=succeeded, on_failure=failed, on_cleanup=clean)
def program() -> int:
    return work()
