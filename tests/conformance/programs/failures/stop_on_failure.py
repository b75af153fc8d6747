"""`stop_on_failure`: nothing is started after a failure; here the rest waits for the failed step anyway.

run
  state: failed
  failed: broken
  stopped: apart, later
  raises: ValueError
refused kubeflow: PC0401 Kubeflow Pipelines 2 cannot do this: execution mode `stop_on_failure`
"""
import os
from pathlib import Path

from pipec.sdk import pipeline, step


def note(word: str) -> None:
    with open(Path(os.environ["PIPEC_CONFORMANCE"], "notes"), "a", encoding="utf-8") as file:
        file.write(f"{word} ")


@step(enable_cache=False)
def broken() -> int:
    raise ValueError("no")


@step(enable_cache=False)
def apart() -> int:
    return 1


@step(enable_cache=False)
def later(n: int) -> int:
    return n


@pipeline(execution_mode="stop_on_failure")
def program() -> int:
    n = broken()
    return later(apart(after=n))
