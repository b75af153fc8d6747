from zenml import pipeline, step
from zenml.config.schedule import Schedule


@step
def refresh(days: int) -> int:
    return days


@pipeline
def simple_pipeline(days: int = 7):
    refresh(days)


schedule = Schedule(cron_expression="0 9 * * *")
simple_pipeline.run(schedule=schedule)
