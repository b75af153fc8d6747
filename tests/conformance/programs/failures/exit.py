"""A process that dies without a word fails its step alone.

run
  state: failed
  ran: apart
  failed: dies
  outputs: {"apart": 1}
  plain: it would end itself
"""
import os

from pipec.sdk import pipeline, step


@step(enable_cache=False)
def dies() -> None:
    os._exit(7)


@step
def apart() -> int:
    return 1


@pipeline
def program() -> int:
    dies()
    return apart()
