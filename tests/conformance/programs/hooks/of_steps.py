"""Step-level hooks fire around their step, and only there.

run
  state: failed
  ran: fine
  failed: broken
  outputs: {"fine": 1}
  notes: start fine end:None success start broken end:ValueError failure:ValueError
  raises: ValueError
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


def started() -> None:
    note("start")


def ended(exception: BaseException | None) -> None:
    note(f"end:{type(exception).__name__ if exception else None}")


def succeeded() -> None:
    note("success")


def failed(exception: BaseException) -> None:
    note(f"failure:{type(exception).__name__}")


@step(on_start=started, on_end=ended, on_success=succeeded, on_failure=failed, enable_cache=False)
def fine() -> int:
    note("fine")
    return 1


@step(on_start=started, on_end=ended, on_success=succeeded, on_failure=failed, enable_cache=False)
def broken() -> int:
    note("broken")
    raise ValueError("no")


@pipeline
def program() -> int:
    n = fine()
    broken(after=n)
    return n
