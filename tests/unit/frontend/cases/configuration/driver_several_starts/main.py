"""A driver that fills one dict for several starts, as ZenML's project template does: an entry set in an `if` is unknown, the others are known."""

import os
from datetime import datetime

import click

from zenml import pipeline, step


@step
def load(rows: int) -> int:
    return rows


@step
def train(x: int, lr: float) -> float:
    return x * lr


@pipeline
def training():
    train(load())


@pipeline
def inference():
    load()


@click.command()
@click.option("--no-cache", is_flag=True)
@click.option("--only-inference", is_flag=True)
def main(no_cache: bool, only_inference: bool) -> None:
    arguments = {}
    if no_cache:
        arguments["enable_cache"] = False
    if not only_inference:
        arguments["config_path"] = os.path.join(os.path.dirname(os.path.realpath(__file__)), "configs", "training.yaml")
        arguments["run_name"] = f"training_{datetime.now():%Y_%m_%d}"
        training.with_options(**arguments)()
    arguments["config_path"] = os.path.join(os.path.dirname(os.path.realpath(__file__)), "configs", "inference.yaml")
    inference.with_options(**arguments)()


if __name__ == "__main__":
    main()
