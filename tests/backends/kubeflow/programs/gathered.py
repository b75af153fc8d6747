from pipec.sdk import pipeline, step


@step
def make(n: int) -> dict[str, int]:
    return {"n": n}


@step
def gather(items: list[dict[str, int]], table: dict[str, dict[str, int]], label: str) -> str:
    return f"{label} {items} {table}"


@pipeline
def gathered(n: int = 4) -> str:
    """Lists and dicts of results, and a computed argument."""
    made = [make(i) for i in range(3)]
    return gather(made, {"first": made[0], "last": made[-1]}, f"n={n + 1}")
