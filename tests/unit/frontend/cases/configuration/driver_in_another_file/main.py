"""A file that defines no pipeline compiles those that it starts, with what it says of them."""

from pipelines import training
from zenml.config.schedule import Schedule

if __name__ == "__main__":
    training.with_options(schedule=Schedule(cron_expression="0 1 * * 1-5"), enable_cache=False)(rows=8)
