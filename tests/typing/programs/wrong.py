"""Every line that is marked is an error for a strict checker, and no other line is."""

from __future__ import annotations

from pipec.sdk import DockerSettings, Schedule, pipeline, step


@step
def load(path: str) -> list[float]:
    return [float(len(path))]


@step(enable_cash=False)  # error
def misspelt() -> None: ...


@step(retry="often")  # error
def ill_typed() -> None: ...


@pipeline(schedule=Schedule(cron_expression="@daily"))  # error
def scheduled() -> None: ...


@pipeline
def body(path: str) -> int:
    load()  # error
    load(1)  # error
    load(path, limit=3)  # error
    text: str = load(path)  # error
    more: str = load(path, after=text)  # error
    load.with_options(enabel_cache=True)  # error
    print(more)
    return load(path)  # error


body()  # error
body("x").upper()  # error
body.with_options(configpath="run.yaml")  # error
DockerSettings(requirement=["pandas"])  # error
DockerSettings(requirements=3)  # error
DockerSettings(requirements=[]).requirements = None  # error
