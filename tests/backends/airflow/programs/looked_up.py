"""Look-ups in the store when a step starts: an artifact and a model that an earlier run of another pipeline has made."""

from zenml import Model, get_pipeline_context, pipeline, step
from zenml.client import Client


@step
def show(numbers: list[int], again: list[int]) -> str:
    return f"{numbers} {again}"


@pipeline(model=Model(name="counting"))
def looked_up() -> str:
    newest = Client().get_artifact_version("numbers")
    return show(newest, newest)
