"""Calls of steps and pipelines have exact types; strict checkers accept everything here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, assert_type

from pipec.sdk import (
    ArtifactConfig,
    BaseStep,
    CachePolicy,
    Client,
    CommandStep,
    DockerBuildOptions,
    DockerSettings,
    ExecutionMode,
    Model,
    ResourceSettings,
    Schedule,
    Step,
    StepRetryConfig,
    get_pipeline_context,
    get_step_context,
    log_metadata,
    pipeline,
    step,
    unmapped,
)

docker = DockerSettings(requirements=["pandas"], python_package_installer="pip")
options = DockerBuildOptions(platform="linux/arm64", no_cache=True)
tracker = Client().active_stack.experiment_tracker


@step
def load(path: str, *, limit: int = 10) -> Annotated[list[float], "rows"]:
    return [float(len(path))] * limit


@step(
    enable_cache=False,
    retry=StepRetryConfig(max_retries=2, delay=10),
    settings={"docker": docker, "resources": ResourceSettings(cpu_count=2, memory="4GiB"), "orchestrator": {"x": 1}},
    experiment_tracker=tracker.name,
    cache_policy=CachePolicy(max_age_days=7),
    timeout=60,
)
def split(rows: list[float]) -> tuple[Annotated[list[float], "train"], Annotated[list[float], "test"]]:
    get_step_context().add_output_metadata({"rows": len(rows)}, output_name="train")
    log_metadata({"rows": len(rows)}, infer_artifact=True, artifact_name="test")
    return rows[:-1], rows[-1:]


@step
def train(rows: list[float], rate: float) -> Annotated[dict[str, float], ArtifactConfig(name="model", tags=["a"])]:
    return {"mean": sum(rows) * rate}


@step
async def fetch(url: str) -> bytes:
    return url.encode()


@step
def report(models: list[dict[str, float]]) -> None:
    print(models)


class Scale(BaseStep):
    def entrypoint(self, rows: list[float]) -> list[float]:
        return rows


def notify(exception: BaseException) -> None:
    print(exception)


@pipeline(
    name="training",
    on_failure=notify,
    model=Model(name="m", version="production"),
    execution_mode=ExecutionMode.FAIL_FAST,
    extra={"rates": [0.1, 0.2]},
    max_parallelism=4,
    tags=["nightly"],
)
def training(path: str = "data.csv") -> float:
    rows = load(path, limit=3)
    assert_type(rows, list[float])
    train_rows, test_rows = split(rows)
    assert_type(train_rows, list[float])
    assert_type(fetch("u"), bytes)
    late = load("other", after=[rows, "fetch"], id="late")
    assert_type(late, list[float])
    assert_type(load("third", id="third"), list[float])
    assert_type(load.with_options(enable_cache=True, name="fourth")("fourth"), list[float])
    models = train.map(rows=[train_rows, late], rate=unmapped(0.5), max_parallelism=2)
    report(models)
    report([train(rows, rate) for rate in get_pipeline_context().extra["rates"]])
    assert_type(train.submit(rows, rate=0.1).result(), dict[str, float])
    Scale(enable_cache=False)(test_rows)
    CommandStep(["echo", "hello"], name="hello")()
    return train(rows=test_rows, rate=0.1)["mean"]


def run() -> None:
    assert_type(training("x.csv"), float)
    scheduled = training.with_options(run_name="r-{date}", schedule=Schedule(cron_expression="0 6 * * *", timezone="UTC"))
    assert_type(scheduled(), float)
    training.configure(enable_cache=False, settings={"docker": docker})
    checked: Step[[list[float], float], dict[str, float]] = step(train.entrypoint)
    anything: Callable[..., Any] = checked
    print(anything)
