import os

from pipec.sdk import DockerSettings, ResourceSettings, pipeline, step


@step(
    settings={"resources": ResourceSettings(cpu_count=2, memory="4GB", gpu_count=1)},
    secrets=["warehouse"],
    environment={"MODE": "fast", "BRACES": "{{workflow.name}} $(MODE)", "DOLLARS": "$(MODE) $$ $HOME"},
    timeout=90,
)
def look() -> dict[str, str]:
    return {name: os.environ[name] for name in ("MODE", "BRACES", "DOLLARS", "TOKEN")}


@step
def show(values: dict[str, str]) -> str:
    return str(values)


@pipeline(tags=["nightly", "a {{b}}"], timeout=3600, max_parallelism=4)
def settings() -> str:
    return show(look())
