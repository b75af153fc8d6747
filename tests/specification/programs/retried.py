from zenml import pipeline, step
from zenml.config.retry_config import StepRetryConfig
from zenml.enums import ExecutionMode


@step(retry=StepRetryConfig(max_retries=3, delay=10, backoff=2))
def fetch() -> int:
    return 1


@step
def use(x: int) -> int:
    return x


@pipeline(execution_mode=ExecutionMode.CONTINUE_ON_FAILURE, enable_step_logs=False, enable_artifact_metadata=False)
def retried_pipeline():
    use(fetch())
