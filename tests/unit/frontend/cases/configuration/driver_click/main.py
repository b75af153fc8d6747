"""A driver with a command line: what is known of the start counts, the rest is noted."""

import os

import click

from zenml import pipeline, step
from zenml.config.schedule import Schedule

@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))


@click.command()
@click.option("--no-cache", is_flag=True)
@click.option("--config", default="run.yaml")
def main(no_cache: bool, config: str) -> None:
    options = {}
    if no_cache:
        print("no cache")
    options["enable_cache"] = not no_cache
    options["enable_step_logs"] = False
    options["config_path"] = os.path.join(os.path.dirname(os.path.realpath(__file__)), "configs", config)
    training.with_options(**options)(rows=3)


if __name__ == "__main__":
    main()
