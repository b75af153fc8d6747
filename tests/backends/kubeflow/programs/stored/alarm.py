import pathlib

from pipec.sdk import pipeline, step


class TooMuch(Exception):
    pass


def alarm(exception: BaseException) -> None:
    with pathlib.Path("notes.txt").open("a") as file:
        file.write(f"{type(exception).__name__}: {exception}\n")


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def check(n: int) -> int:
    if n > 1:
        raise TooMuch(f"{n} is too much")
    return n


@step
def show(results: list[int]) -> str:
    return f"{results}"


@pipeline(on_failure=alarm)
def alarms(n: int = 4) -> str:
    results = []
    for i in numbers(n):
        results.append(check(i))
    return show(results)
