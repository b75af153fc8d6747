from typing import Annotated

from pipec.sdk import pipeline, step


@step
def measure(base: int) -> tuple[Annotated[float, "accuracy"], Annotated[bool, "is_good"], Annotated[dict[str, int], "counts"]]:
    """Three outputs, two of them small."""
    return base / 8, base > 4, {"base": base}


@step
def plain() -> int:
    return 7


@step
def report(accuracy: float, is_good: bool, counts: dict[str, int], extra: int = 3) -> str:
    return f"{accuracy} {is_good} {counts} {extra}"


@pipeline
def outputs(base: int = 6) -> tuple[float, str]:
    accuracy, is_good, counts = measure(base)
    text = report(accuracy, is_good, counts, extra=plain())
    return accuracy, text
