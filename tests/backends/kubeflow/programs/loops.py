from pipec.sdk import pipeline, step


@step
def names(n: int) -> list[str]:
    return [f"name {i}" for i in range(n)]


@step
def weigh(name: str, factor: int) -> int:
    return len(name) * factor


@step
def wrap(name: str, weight: int) -> dict[str, int]:
    return {name: weight}


@step
def total(weights: list[int], wraps: list[dict[str, int]]) -> str:
    return f"{weights} {wraps}"


@pipeline
def loops(n: int = 3, factor: int = 2) -> tuple[str, list[int]]:
    """A loop over a result, its results collected as numbers and as artifacts."""
    weights = []
    wraps = []
    for name in names(n):
        weight = weigh(name, factor)
        weights.append(weight)
        wraps.append(wrap(name, weight))
    return total(weights, wraps), weights
