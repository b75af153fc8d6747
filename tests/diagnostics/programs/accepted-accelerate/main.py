from pipec.sdk import pipeline, step
from zenml.integrations.huggingface.steps import run_with_accelerate


@step
def train(epochs: int) -> float:
    return 0.5


@run_with_accelerate(num_processes=2)
@step
def tune(epochs: int) -> float:
    return 0.5


@pipeline
def training(epochs: int = 3):
    run_with_accelerate(train)(epochs)
    tune(epochs)
