"""A run that is killed and goes on: every step says when it starts and when it has ended."""

import os
import time

from pipec.sdk import pipeline, step


def note(what: str, name: str) -> None:
    with open(os.environ["NOTES"], "a") as file:
        file.write(f"{what} {name}\n")


@step(enable_cache=False)
def numbers(count: int) -> list[int]:
    note("start", "numbers")
    time.sleep(0.02)
    note("end", "numbers")
    return list(range(count))


@step(enable_cache=False)
def square(number: int) -> int:
    note("start", f"square {number}")
    time.sleep(0.02)
    note("end", f"square {number}")
    return number * number


@step(enable_cache=False)
def total(squares: list[int]) -> int:
    note("start", "total")
    time.sleep(0.02)
    note("end", "total")
    return sum(squares)


@step(enable_cache=False)
def big(total: int) -> str:
    note("start", "big")
    note("end", "big")
    return "big"


@step(enable_cache=False)
def small(total: int) -> str:
    return "small"


@pipeline
def long_run(count: int = 8) -> tuple[int, str]:
    found = numbers(count)
    squares = [square(number) for number in found]
    summed = total(squares)
    if summed > 100:
        size = big(summed)
    else:
        size = small(summed)
    return summed, size
