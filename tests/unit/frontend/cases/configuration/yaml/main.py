"""Every key of a run configuration."""

from zenml import pipeline, step


def begin(name: str = "") -> None:
    pass


def tell() -> None:
    pass


def fail(exception: BaseException) -> None:
    pass


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))
