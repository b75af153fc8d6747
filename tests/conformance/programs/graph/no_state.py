"""No state of a module, the environment or a generator of numbers passes from step to step.

run
  ran: leave, look
  outputs: {"look": [[], "unset"]}
"""
import os

from pipec.sdk import pipeline, step

LEFT: list[int] = []


@step
def leave() -> int:
    LEFT.append(1) if os.environ.get("PIPEC_CONFORMANCE_ORACLE") is None and False else None
    return 1


@step
def look(before: int) -> list:
    return [LEFT, os.environ.get("LEFT_BY_A_STEP", "unset")]


@pipeline
def program() -> list:
    return look(leave())
