from datetime import datetime

from zenml import pipeline, step


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline
def training(rows: int = 3):
    train(load(rows))


training = training.with_options(run_name=f"at {datetime.now()}", unlisted=True, prevent_build_reuse=False)
training = training.with_options(config_path="run.yaml")

if __name__ == "__main__":
    training.with_options(run_name="one")()
    training.with_options(run_name="two")()
