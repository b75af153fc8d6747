"""A step fails; nothing starts after it."""

from pipec.sdk import pipeline, step


@step
def bad() -> int:
    raise ValueError("no")


@step
def good(number: int) -> int:
    return number


@pipeline(execution_mode="fail_fast")
def fail_fast() -> None:
    bad()
    first = good(1)
    good(good(good(first)))
