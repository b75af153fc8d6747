"""Every keyword of `@step`."""

from pipec.sdk import pipeline, step
from pipec.sdk import CachePolicy, Model, ResourceSettings, StepRetryConfig
from zenml.config.step_configurations import GroupInfo


def tell() -> None:
    pass


@step
def load(rows: int = 3) -> int:
    return rows


@step(
    name="fit",
    step_type="tool_call",
    enable_cache=False,
    enable_artifact_metadata=False,
    enable_artifact_visualization=False,
    enable_step_logs=True,
    experiment_tracker="mlflow",
    step_operator=True,
    environment={"THREADS": 4},
    secrets=["hub"],
    settings={"resources": ResourceSettings(gpu_count=1, gpu_class="a100")},
    extra={"k": None},
    on_failure=tell,
    on_success=tell,
    on_start=tell,
    on_end=tell,
    model=Model(name="m"),
    retry={"max_retries": 3},
    substitutions={"a": "b"},
    cache_policy="default",
    runtime="isolated",
    heartbeat_healthy_threshold=20,
    group="heavy",
    timeout=60,
)
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(timeout=3600, max_parallelism=2)
def training(rows: int = 3):
    train(load(rows))
