from typing import Optional

from pipec.sdk import pipeline, step


@step
def describe(
    n: int,
    rate: float,
    name: str,
    flag: bool,
    sizes: list[int],
    table: dict[str, float],
    seed: Optional[int],
    label: Optional[str],
) -> str:
    return repr((n, rate, name, flag, sizes, table, seed, label))


@pipeline
def typed(
    n: int,
    rate: float = 1.0,
    name: str = "plain \"quoted\" it's",
    flag: bool = False,
    sizes: list[int] = [1, 2],
    table: dict[str, float] = {"a": 1.0},
    seed: Optional[int] = None,
    label: Optional[str] = None,
) -> str:
    """Every type of parameter."""
    return describe(n, rate, name, flag, sizes, table, seed, label)
