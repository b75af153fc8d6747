"""Every keyword of `@pipeline`."""

from zenml import Model, Tag, pipeline, step
from zenml.config import CachePolicy, DockerSettings, ResourceSettings, StepRetryConfig
from zenml.enums import ExecutionMode


def begin(name: str) -> dict[str, str]:
    return {"name": name}


def finish() -> None:
    pass


def fail(exception: BaseException) -> None:
    pass


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(
    name="churn",
    enable_cache=False,
    enable_artifact_metadata=True,
    enable_step_logs=False,
    enable_heartbeat=False,
    enable_pipeline_logs=True,
    environment={"LEVEL": 3, "FLAG": True},
    secrets=["aws"],
    settings={
        "docker": DockerSettings(requirements=["pandas"], apt_packages=["git"]),
        "resources": ResourceSettings(cpu_count=1, memory="2GB"),
        "orchestrator.airflow": {"dag_tags": ["ml"]},
    },
    tags=["a", Tag(name="b", cascade=True)],
    extra={"owner": "team", "limits": [1, 2]},
    on_init=begin,
    on_init_kwargs={"name": "n"},
    on_start=finish,
    on_end=fail,
    on_success=finish,
    on_failure=fail,
    on_cleanup=finish,
    on_pause=finish,
    model=Model(name="m", version="production", tags=["x"]),
    retry=StepRetryConfig(max_retries=2, delay=10, backoff=2),
    substitutions={"day": "monday"},
    execution_mode=ExecutionMode.STOP_ON_FAILURE,
    cache_policy=CachePolicy(include_step_code=False, ignored_inputs=["x"], file_dependencies=["data.csv"]),
)
def training(rows: int = 3):
    train(load(rows))
