"""A `PipelineRunConfiguration` of the program, spread into `with_options`; `.run(schedule=…)` as the specification has it."""

from zenml import pipeline, step
from zenml.config import PipelineRunConfiguration
from zenml.config.schedule import Schedule
from zenml.config.step_configurations import StepConfigurationUpdate


def tell(exception: BaseException) -> None:
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


configuration = PipelineRunConfiguration(
    enable_cache=False,
    parameters={"rows": 4},
    failure_hook_source="main.tell",
    steps={"train": StepConfigurationUpdate(enable_cache=True, parameters={"lr": 0.5})},
    retry={"max_retries": 2},
)
configured = training.with_options(**configuration)

if __name__ == "__main__":
    configured.run(schedule=Schedule(cron_expression="0 9 * * *", timezone="Europe/Berlin"))
