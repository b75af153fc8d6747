from pipec.sdk import ResourceSettings, pipeline, step
from pipec.sdk import StepRetryConfig
import os


@step(
    settings={"resources": ResourceSettings(cpu_count=1.5, memory="2GB", gpu_count=1)},
    retry=StepRetryConfig(max_retries=2, delay=3, backoff=2),
    environment={"PLAIN": "yes", "LIVE": "{{x}} $(HOME)"},
    secrets=["aws"],
    enable_cache=False,
    timeout=90,
    extra={"team": "{{a}}"},
)
def heavy() -> str:
    return os.environ["PLAIN"] + os.environ["LIVE"]


@pipeline(tags=["nightly"], timeout=3600, environment={"ALL": "1"})
def settings() -> str:
    """Everything that a step may ask of the cluster."""
    return heavy()
