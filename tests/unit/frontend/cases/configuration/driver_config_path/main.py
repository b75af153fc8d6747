"""`config_path=` of a driver, relative to the file; a schedule in the call wins over one in the file."""

from pathlib import Path

from zenml import pipeline, step
from zenml.config.schedule import Schedule

@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(enable_cache=True)
def training(rows: int = 3):
    train(load(rows))


def run() -> None:
    schedule = Schedule(cron_expression="0 1 * * *")
    training.with_options(
        config_path=str(Path("configs") / "prod.yaml"), schedule=schedule, enable_step_logs=True, tags=["driver"]
    )()


if __name__ == "__main__":
    run()
