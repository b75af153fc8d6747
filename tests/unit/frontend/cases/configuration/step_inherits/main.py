"""A step inherits from its pipeline key by key; secrets are joined; settings merge on what is set; retry is one word."""

from zenml import Model, pipeline, step
from zenml.config import CachePolicy, DockerSettings, ResourceSettings

@step(
    environment={"A": "step"},
    secrets=["own"],
    settings={"docker": DockerSettings(apt_packages=["git"]), "resources": {"cpu_count": 2}},
    extra={"deep": {"b": 2}},
    retry={"max_retries": 5},
    model=Model(name="own"),
    substitutions={"x": "step"},
    cache_policy=CachePolicy(max_age_days=7),
)
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(
    enable_cache=False,
    environment={"A": "pipeline", "B": "pipeline"},
    secrets=["shared"],
    settings={"docker": DockerSettings(requirements=["a"]), "resources": ResourceSettings(memory="1GB")},
    extra={"deep": {"a": 1}},
    retry={"max_retries": 1, "delay": 9},
    model=Model(name="shared", tags=["t"]),
    substitutions={"x": "pipeline", "y": "pipeline"},
    cache_policy=CachePolicy(include_artifact_ids=False, expires_after=60, ignore_fields=["rows"]),
    tags=["not on steps"],
)
def training(rows: int = 3):
    train(load(rows))
