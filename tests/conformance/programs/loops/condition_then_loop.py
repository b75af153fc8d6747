"""A condition in a loop in a condition.

run
  ran: even, odd x2, show
  skipped: even x2, odd, none
  outputs: {"show": ["odd 1", "even 2", "odd 3"]}
run is_wanted=false
  ran: none, show
  skipped: even, odd
  outputs: {"show": []}
"""
from pipec.sdk import pipeline, step


@step
def even(n: int) -> str:
    return f"even {n}"


@step
def odd(n: int) -> str:
    return f"odd {n}"


@step
def none() -> list[str]:
    return []


@step
def show(texts: list[str]) -> list[str]:
    return texts


@pipeline
def program(numbers: list[int] = [1, 2, 3], is_wanted: bool = True) -> list[str]:
    if is_wanted:
        texts = [even(n) if n % 2 == 0 else odd(n) for n in numbers]
    else:
        texts = none()
    return show(texts)
