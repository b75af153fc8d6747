"""Hooks: by name, by dotted name, with and without the exception, ZenML's own."""

from zenml import pipeline, step
from zenml.hooks import alerter_failure_hook, alerter_success_hook


def quiet() -> None:
    pass


def loud(exception: BaseException | None = None) -> None:
    pass


def anything(*words: object) -> None:
    pass


async def later(exception: BaseException) -> None:
    pass


@step(on_failure=loud, on_success="main.quiet", on_end=later)
def load(rows: int = 3) -> int:
    return rows


@step(on_failure=quiet, on_end=anything, on_start=quiet)
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(on_failure=alerter_failure_hook, on_success=alerter_success_hook, on_cleanup="main.quiet")
def training(rows: int = 3):
    train(load(rows))
