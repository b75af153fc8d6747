"""Environment, secrets, extra, tags, a model, bounded parallelism."""

import os

from pipec.sdk import Model, get_step_context, pipeline, step


@step(
    secrets=["warehouse"],
    environment={"MODE": "fast", "PORT": 8080},
    extra={"owner": "data {{ team }}"},
)
def look() -> str:
    assert os.environ["MODE"] == "fast"
    assert sorted(os.environ) != []
    return " ".join([os.environ["USER_OF_IT"], os.environ["PORT"], os.environ["LIMIT"]])


@step(retry=None)
def name() -> str:
    return f"{get_step_context().pipeline.name}.{get_step_context().step_name}"


@pipeline(tags=["nightly", "nightly"], max_parallelism=4, model=Model(name="churn", version="2"))
def settings() -> tuple[str, str]:
    """Settings."""
    return look(), name()
