"""A failing `on_success` or `on_cleanup` is logged and does not change the state of the run.

run
  ran: work
  outputs: {"work": 1}
  notes: success cleanup
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


def succeeded() -> None:
    note("success")
    raise RuntimeError("hook")


def clean() -> None:
    note("cleanup")
    raise RuntimeError("hook")


@step(enable_cache=False)
def work() -> int:
    return 1


@pipeline(on_success=succeeded, on_cleanup=clean)
def program() -> int:
    return work()
