"""A step that takes longer than its time-out is killed and has failed.

run
  state: failed
  failed: slow
  plain: it knows no time-out
differs kubeflow: the local runner keeps no time-outs
"""
import time

from pipec.sdk import pipeline, step


@step(timeout=1)
def slow() -> int:
    time.sleep(60)
    return 1


@pipeline
def program() -> None:
    slow()
