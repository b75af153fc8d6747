"""The specification's page against ZenML 0.98: each divergence of `zenml.md` §5 that configures, in both spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipec.compiler.driver import compile
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = """
@step
def train(x: int = 1) -> int:
    return x

@pipeline
def training(rows: int = 1):
    train(rows)
"""
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "1 run(schedule=…)": (
        "from zenml.config import Schedule\n"
        + PIPELINE
        + "training.run(schedule=Schedule(cron_expression='0 9 * * *'), enable_cache=False)\n",
        {"pipeline.schedule.cron": "0 9 * * *", "p.cache": False},
    ),
    "1 with_options(schedule=…)()": (
        "from zenml.pipelines import Schedule\n"
        + PIPELINE
        + "training.with_options(schedule=Schedule(cron_expression='0 9 * * *'))()\n",
        {"pipeline.schedule.cron": "0 9 * * *"},
    ),
    "2 PipelineRunConfiguration from zenml.config": (
        "from zenml.config import PipelineRunConfiguration\n"
        + PIPELINE
        + "training = training.with_options(**PipelineRunConfiguration(enable_cache=False, parameters={'rows': 5}))\n",
        {"p.cache": False, "pipeline.parameters[0].default.value": 5},
    ),
    "2 PipelineRunConfiguration from its module": (
        "from zenml.config.pipeline_run_configuration import PipelineRunConfiguration\n"
        + PIPELINE
        + "training = training.with_options(**PipelineRunConfiguration(enable_cache=False))\n",
        {"p.cache": False},
    ),
    "3 model_dump": (
        "from zenml.config import PipelineRunConfiguration\n"
        + PIPELINE
        + "rc = PipelineRunConfiguration(enable_step_logs=False)\n"
        + "training = training.with_options(**rc.model_dump(exclude_none=True))\n",
        {"p.toggles": {"enable_step_logs": False}},
    ),
    "4 max_age_days and ignore_fields": (
        "from zenml.config import CachePolicy\n"
        + PIPELINE.replace("@step", "@step(cache_policy=CachePolicy(max_age_days=7, ignore_fields=['x']))"),
        {"s.cache_policy.expires_after": 604800.0, "s.cache_policy.ignored_inputs": ("x",)},
    ),
    "4 expires_after and ignored_inputs": (
        "from zenml.config import CachePolicy\n"
        + PIPELINE.replace("@step", "@step(cache_policy=CachePolicy(expires_after=604800, ignored_inputs=['x']))"),
        {"s.cache_policy.expires_after": 604800.0, "s.cache_policy.ignored_inputs": ("x",)},
    ),
    "9 hooks of a pipeline are of the run": (
        "def done(): pass\n" + PIPELINE.replace("@pipeline", "@pipeline(on_success=done)"),
        {"p.hooks.on_success.symbol": "main:done", "s.hooks.on_success": None},
    ),
    "10 on_failure with the exception": (
        "def fail(exception: BaseException): pass\n" + PIPELINE.replace("@pipeline", "@pipeline(on_failure=fail)"),
        {"p.hooks.on_failure.takes_exception": True},
    ),
    "10 on_failure without": (
        "def fail(): pass\n" + PIPELINE.replace("@pipeline", "@pipeline(on_failure=fail)"),
        {"p.hooks.on_failure.takes_exception": False},
    ),
    "11 on_init with its arguments": (
        "def begin(a, b=2): pass\n"
        + PIPELINE.replace("@pipeline", "@pipeline(on_init=begin, on_init_kwargs={'a': 1})"),
        {"p.hooks.on_init.arguments['a'].value": 1},
    ),
    "12 on_cleanup": (
        "def end(): pass\n" + PIPELINE.replace("@pipeline", "@pipeline(on_cleanup=end)"),
        {"p.hooks.on_cleanup.symbol": "main:end"},
    ),
    "13 on_start and on_end": (
        "def tell(): pass\n" + PIPELINE.replace("@pipeline", "@pipeline(on_start=tell, on_end=tell)"),
        {"p.hooks.on_start.symbol": "main:tell", "p.hooks.on_end.symbol": "main:tell"},
    ),
    "14 what the page leaves out": (
        PIPELINE.replace(
            "@pipeline",
            "@pipeline(enable_heartbeat=False, enable_pipeline_logs=False, substitutions={'a': 'b'},"
            " execution_mode='fail_fast', retry={'max_retries': 2}, extra={'k': 1}, depends_on=[])",
        ),
        {
            "p.toggles": {"enable_heartbeat": False, "enable_pipeline_logs": False},
            "p.substitutions": {"a": "b"},
            "p.execution_mode": "fail_fast",
            "p.retry.max_retries": 2,
            "p.extra": {"k": 1},
        },
    ),
    "15 parameters by configure": (
        PIPELINE + "training.configure(parameters={'rows': 5})\n",
        {"pipeline.parameters[0].default.value": 5},
    ),
    "15 parameters by with_options": (
        PIPELINE + "training = training.with_options(parameters={'rows': 5})\n",
        {"pipeline.parameters[0].default.value": 5},
    ),
    "16 secrets": (
        PIPELINE.replace("@pipeline", "@pipeline(secrets=['aws_credentials'])"),
        {"s.secrets": ("aws_credentials",)},
    ),
    "17 any parent image": (
        "from zenml.config import DockerSettings\n"
        + PIPELINE.replace(
            "@pipeline",
            "@pipeline(settings={'docker': DockerSettings(requirements=['x'], parent_image='tensorflow/tensorflow:2')})",
        ),
        {"s.docker": {"requirements": ["x"], "parent_image": "tensorflow/tensorflow:2"}},
    ),
    "20 a model with a stage": (
        "from zenml import Model\n"
        + PIPELINE.replace("@pipeline", "@pipeline(model=Model(name='m', version='production', tags=['t']))"),
        {"s.model": {"name": "m", "version": "production", "tags": ["t"]}},
    ),
    "24 Schedule from zenml": (
        "from zenml import Schedule\n"
        + PIPELINE
        + "training = training.with_options(schedule=Schedule(cron_expression='0 9 * * *'))\n",
        {"pipeline.schedule.cron": "0 9 * * *"},
    ),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("home", ["zenml", "pipec.sdk"])
def test_row(name: str, home: str, tmp_path: Path) -> None:
    program, expected = ROWS[name]
    if home == "pipec.sdk":
        for module in ("zenml.config.pipeline_run_configuration", "zenml.config", "zenml.pipelines", "zenml"):
            program = program.replace(f"from {module} import", "from pipec.sdk import")
    (tmp_path / "main.py").write_text(f"from {home} import pipeline, step\n{program}")
    found = compile(tmp_path / "main.py", None)
    assert [one.message for one in found.diagnostics] == []
    (pipeline,) = found.pipelines
    (call,) = calls(pipeline.body)
    names = {"p": pipeline.config, "s": call.config, "pipeline": pipeline}
    assert {expression: eval(expression, {}, names) for expression in expected} == expected
