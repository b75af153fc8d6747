from zenml import pipeline, step
from zenml.config import PipelineRunConfiguration


@step
def train(epochs: int) -> int:
    return epochs


@pipeline
def simple_pipeline(epochs: int = 1):
    train(epochs)


run_config = PipelineRunConfiguration(enable_cache=False, parameters={"epochs": 5}, tags=["nightly"])
simple_pipeline = simple_pipeline.with_options(**run_config)
