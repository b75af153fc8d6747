from pipec.sdk import pipeline, step


@step
def good() -> int:
    return 1


@step
def bad(n: int) -> int:
    raise ValueError(f"no good: {n}")


@step
def never(n: int) -> int:
    return n


@pipeline
def fails() -> int:
    return never(bad(good()))
