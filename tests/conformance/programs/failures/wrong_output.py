"""A result that is not of its annotated type fails the step.

run
  state: failed
  failed: wrong
  stopped: use
  plain: it does not check annotations
"""
from pipec.sdk import pipeline, step


@step(enable_cache=False)
def wrong() -> int:
    return "many"


@step
def use(n: int) -> None:
    return None


@pipeline
def program() -> None:
    use(wrong())
