"""A step that takes longer than it may."""

import time

from pipec.sdk import pipeline, step


@step(timeout=4)
def sleep() -> int:
    time.sleep(600)
    return 1


@pipeline
def slow() -> int:
    return sleep()
