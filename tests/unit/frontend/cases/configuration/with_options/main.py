"""`with_options` and `configure` at the top of a module, of steps and of pipelines."""

from datetime import UTC, datetime, timedelta

from zenml import pipeline, step
from zenml.config.schedule import Schedule

@step
def load(rows: int = 3) -> int:
    return rows


@step(retry={"max_retries": 1})
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


load.configure(enable_cache=False, extra={"a": 1})


@pipeline(tags=["decorator"], secrets=["one"], extra={"a": 1}, environment={"OLD": "1"})
def training(rows: int = 3):
    train.with_options(retry={"max_retries": 4}, enable_cache=False, parameters={"lr": 0.9}, name="fit")(load())


training.configure(enable_cache=True, enable_artifact_visualization=False, execution_mode="fail_fast")
training = training.with_options(
    schedule=Schedule(
        name="weekly",
        start_time=datetime(2026, 1, 5, 6, tzinfo=UTC),
        end_time="2027-01-01T00:00:00+01:00",
        interval_second=timedelta(days=7),
        catchup=True,
    ),
    tags=["options"],
    secrets=["two"],
    extra={"b": 2},
    environment={"NEW": "1"},
    parameters={"rows": 5},
    steps={"load": {"parameters": {"rows": 8}, "timeout": 30}},
)
