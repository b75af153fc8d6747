"""Parameters of a run configuration: structured values, text for numbers, absent ones filled in."""

from typing import Any

from zenml import pipeline, step


@step
def load(options: dict[str, Any], names: list[str], limit: int, note: str = "x") -> None:
    pass


@pipeline
def training(options: dict[str, Any], names: list[str], limit: int = 1, note: str = "x"):
    load(options, names, limit)
