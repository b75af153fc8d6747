"""Variables of the pipeline and of a step: the step's own win.

run
  ran: look
  outputs: {"look": ["a", "step", "{{ x }} $(y)"]}
"""
import os

from pipec.sdk import pipeline, step


@step(environment={"B": "step"}, enable_cache=False)
def look() -> list[str]:
    return [os.environ.get("A", "a"), os.environ.get("B", "step"), os.environ.get("C", "{{ x }} $(y)")]


@pipeline(environment={"A": "a", "B": "pipeline", "C": "{{ x }} $(y)"})
def program() -> list[str]:
    return look()
