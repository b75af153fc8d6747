"""`on_init` fails: no step runs, then `on_failure`, then clean-up.

run
  state: failed
  stopped: work
  plain: it calls no hooks
  notes: init failure:RuntimeError cleanup
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


def begin() -> None:
    note("init")
    raise RuntimeError("not today")


def failed(exception: BaseException) -> None:
    note(f"failure:{type(exception).__name__}")


def clean() -> None:
    note("cleanup")


@step(enable_cache=False)
def work() -> int:
    return 1


@pipeline(on_init=begin, on_failure=failed, on_cleanup=clean)
def program() -> int:
    return work()
