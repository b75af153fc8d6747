"""What fails in arms and loops: it fails what needs it and the run, also where all that needs it is skipped."""

from pipec.sdk import pipeline, step


@step
def fragile(bad: int) -> int:
    if bad < 0:
        raise ValueError("fragile")
    return bad


@step
def consume(value: int) -> int:
    return value


@step
def half(value: int, bad: int) -> int:
    if value == bad:
        raise ValueError(f"half {value}")
    return value // 2


@step
def inc(value: int) -> int:
    return value + 1


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline
def loop_failures(bad: int = 4, use: bool = False, values: list[int] = [2, 4, 6]) -> int:
    base = fragile(bad)
    if use:
        consume(base)
    found = []
    for value in values:
        found.append(inc(half(value, bad)))
    return total(found)
