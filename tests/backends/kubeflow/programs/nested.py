from pipec.sdk import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def show(x: int, y: int, items: list[int]) -> str:
    return f"{x} {y} {items}"


@pipeline
def sums(start: int, by: int) -> int:
    first = add(start, by)
    return add(first, by)


@pipeline
def nested(n: int = 1) -> str:
    """The same nested pipeline twice: the second reads what the first one gives."""
    x = sums(n, 10)
    y = sums(x, 100)
    return show(x, y, [x, y])
