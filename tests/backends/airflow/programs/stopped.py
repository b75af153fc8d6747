"""A run that stops once a step has failed: what has not started by then is skipped."""

from pipec.sdk import pipeline, step


@step
def bad() -> int:
    raise ValueError("no")


@step
def good(number: int) -> int:
    return number


@pipeline(execution_mode="stop_on_failure")
def stopped() -> int:
    bad()
    first = good(1)
    return good(good(good(first)))
