"""The table of `docs/reference/configuration.md`, line by line: who wins where two layers say something."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipec.compiler.driver import compile
from pipec.compiler.ir.config import Retry
from pipec.compiler.ir.values import Const
from pipec.compiler.ir.walk import calls
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Pipeline

TABLE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
PROGRAM = """
from zenml import pipeline, step
from zenml.config import CachePolicy, DockerSettings
from zenml.config.schedule import Schedule

def tell(): pass

@step({step})
def train(x: int = 1) -> None: ...

@pipeline({decorator})
def training(rows: int = 1):
    {body}

{code}
if __name__ == "__main__":
    {driver}
"""
STACK = "[tool.pipec]\ndefault_stack = 'a'\n[tool.pipec.stack.a]\nenvironment = {A = 'stack', B = 'stack'}\n"


@dataclass(frozen=True, slots=True)
class Case:
    """One program, in parts, and what comes of it.

    What comes of it are expressions over `p` (the pipeline's configuration), `s` (the step's), `pipeline`, and `x` (the
    argument of the call).
    """

    expected: Mapping[str, Any]
    decorator: str = ""
    step: str = ""
    body: str = "train()"
    code: str = ""
    driver: str = "pass"
    yaml: str = ""
    config: str = ""
    project: str = ""
    parameters: Mapping[str, str] | None = None
    bind: Mapping[str, str] | None = None
    error: str = ""


OPTIONS = "training = training.with_options({})"
NAMED = 'training = training.with_options(config_path="named.yaml", {})'
CASES: dict[str, list[Case]] = {
    "stack-under-code": [
        Case({"p.environment": {"A": "code", "B": "stack"}}, "environment={'A': 'code'}", project=STACK)
    ],
    "project-over-stack": [
        Case(
            {"p.environment": {"A": "project", "B": "stack"}, "s.environment": {"A": "project", "B": "stack"}},
            project=STACK + "[tool.pipec.pipelines.training.environment]\nA = 'project'\n",
        )
    ],
    "options-over-decorator": [
        Case({"p.cache": True}, "enable_cache=False", code=OPTIONS.format("enable_cache=True")),
        Case({"p.cache": True}, "enable_cache=False", code="training.configure(enable_cache=True)"),
        Case({"s.cache": True}, step="enable_cache=False", code="train.configure(enable_cache=True)"),
        Case({"s.cache": True}, step="enable_cache=False", body="train.with_options(enable_cache=True)()"),
    ],
    "driver-over-code": [
        Case(
            {"p.cache": True}, code=OPTIONS.format("enable_cache=False"), driver="training.with_options(enable_cache=True)()"
        ),
        Case({"p.cache": True}, "enable_cache=False", driver="training.run(enable_cache=True)"),
    ],
    "yaml-over-options": [Case({"p.cache": False}, code=NAMED.format("enable_cache=True"), yaml="enable_cache: false")],
    "call-keeps-schedule": [
        Case(
            {"pipeline.schedule.cron": "0 1 * * *", "s.timeout": 5, "s.retry": Retry(2)},
            code=NAMED.format("schedule=Schedule(cron_expression='0 1 * * *'), steps={'train': {'timeout': 5}}"),
            yaml="schedule: {cron_expression: 0 2 * * *}\nsteps: {train: {timeout: 9, retry: {max_retries: 2}}}",
        )
    ],
    "command-over-all": [
        Case(
            {"pipeline.schedule.cron": "0 3 * * *", "p.cache": None},
            code=NAMED.format("schedule=Schedule(cron_expression='0 1 * * *')"),
            yaml="enable_cache: false",
            config="schedule: {cron_expression: 0 3 * * *}",
        )
    ],
    "tables-merge": [
        Case(
            {"p.extra": {"a": {"x": 1, "y": 2}}, "p.docker": {"requirements": ["a"], "apt_packages": ["git"]}},
            "extra={'a': {'x': 1, 'y': 1}}, settings={'docker': DockerSettings(requirements=['a'])}",
            code=OPTIONS.format("extra={'a': {'y': 2}}, settings={'docker': DockerSettings(apt_packages=['git'])}"),
        ),
        Case(
            {"p.docker": {"requirements": ["a"], "apt_packages": ["git"]}},
            "settings={'docker': DockerSettings(requirements=['a'])}",
            config="settings: {docker: {apt_packages: [git]}}",
        ),
    ],
    "scalars-and-lists-replace": [
        Case(
            {"p.extra": {"a": [3]}, "p.docker": {"requirements": ["b"]}},
            "extra={'a': [1, 2]}, settings={'docker': DockerSettings(requirements=['a'])}",
            config="extra: {a: [3]}\nsettings: {docker: {requirements: [b]}}",
        )
    ],
    "merge-false": [Case({"p.extra": {"b": 1}}, "extra={'a': 1}", code=OPTIONS.format("extra={'b': 1}, merge=False"))],
    "tags-joined": [
        Case({"p.tags": ("a", "b", "c")}, "tags=['a']", code=OPTIONS.format("tags=['b', 'a']"), config="tags: [c, a]")
    ],
    "secrets-joined": [
        Case(
            {"p.secrets": ("a", "c"), "s.secrets": ("a", "c", "b", "d")},
            "secrets=['a']",
            "secrets=['b']",
            config="secrets: [c]\nsteps: {train: {secrets: [d]}}",
        )
    ],
    "none-is-silent": [
        Case({"p.cache": False, "s.retry": Retry(3)}, "enable_cache=False", "retry={'max_retries': 3}",
             config="enable_cache: null\nsteps: {train: {retry: }}")
    ],
    "step-inherits": [
        Case(
            {
                "s.cache": False, "s.environment": {"A": "s", "B": "p"}, "s.extra": {"a": 1, "b": 2},
                "s.substitutions": {"x": "s", "y": "p"}, "s.toggles": {"enable_step_logs": False},
                "s.model": {"name": "m"}, "s.retry": Retry(2), "s.resources.memory": "1GB", "s.resources.cpu_count": 2,
                "s.tags": (), "s.execution_mode": None,
            },
            "enable_cache=False, environment={'A': 'p', 'B': 'p'}, extra={'a': 1}, substitutions={'x': 'p', 'y': 'p'},"
            "enable_step_logs=False, model={'name': 'm'}, retry={'max_retries': 2}, tags=['t'], execution_mode='fail_fast',"
            "settings={'resources': {'memory': '1GB', 'cpu_count': 1}}",
            "environment={'A': 's'}, extra={'b': 2}, substitutions={'x': 's'}, settings={'resources': {'cpu_count': 2}}",
        )
    ],
    "retry-replaced-whole": [
        Case(
            {"s.retry": Retry(1, 0), "s.model": {"name": "b"}},
            "retry={'max_retries': 5, 'delay': 9}, model={'name': 'a', 'tags': ['t']}",
            "retry={'max_retries': 1}, model={'name': 'b'}",
        )
    ],
    "hooks-stay": [Case({"p.hooks.on_success.symbol": "main:tell", "s.hooks.on_success": None}, "on_success=tell")],
    "cache-policy-merges": [
        Case(
            {
                "s.cache_policy.include_step_code": False,
                "s.cache_policy.expires_after": 86400.0,
                "s.cache_policy.ignored_inputs": ("x",),
            },
            "cache_policy=CachePolicy(include_step_code=False, expires_after=60, ignored_inputs=['y'])",
            "cache_policy=CachePolicy(max_age_days=1, ignore_fields=['x'])",
        )
    ],
    "switches-are-forced": [
        Case(
            {"s.cache": False, "s.toggles": dict.fromkeys(
                ("enable_artifact_metadata", "enable_artifact_visualization", "enable_step_logs"), False)},
            "enable_cache=True",
            "enable_cache=True, enable_artifact_metadata=True, enable_artifact_visualization=True, enable_step_logs=True",
            config="enable_cache: false\nenable_artifact_metadata: false\nenable_artifact_visualization: false\n"
            "enable_step_logs: false",
        )
    ],
    "step-over-switch": [Case({"s.cache": True, "p.cache": False}, config="enable_cache: false\nsteps: {train: {enable_cache: true}}")],
    "decorator-switch-is-default": [Case({"s.cache": True, "p.cache": False}, "enable_cache=False", "enable_cache=True")],
    "yaml-step-over-code": [
        Case(
            {"s.environment": {"A": "yaml", "B": "options", "C": "step"}},
            step="environment={'A': 'step', 'B': 'step', 'C': 'step'}",
            body="train.with_options(environment={'A': 'options', 'B': 'options'})()",
            config="steps: {train: {environment: {A: yaml}}}",
        )
    ],
    "parameter-defaults": [
        Case({"pipeline.parameters[0].default.value": 7}, config="parameters: {rows: 7}"),
        Case({"pipeline.parameters[0].default.value": 7}, code=OPTIONS.format("parameters={'rows': 7}")),
        Case({"pipeline.parameters[0].default.value": 9}, config="parameters: {rows: 7}", parameters={"rows": "9"}),
        Case({"pipeline.parameters": (), "pipeline.frozen['rows'].value": 9}, config="parameters: {rows: 7}", bind={"rows": "9"}),
    ],
    "step-parameters-fill": [
        Case({"x": 7}, config="steps: {train: {parameters: {x: 7}}}"),
        Case({"x": 7}, body="train.with_options(parameters={'x': 3})()", config="steps: {train: {parameters: {x: 7}}}"),
    ],
    "step-parameters-agree": [
        Case({"x": 7}, body="train(7)", config="steps: {train: {parameters: {x: 7}}}"),
        Case({}, body="train(8)", config="steps: {train: {parameters: {x: 7}}}", error="PC0517"),
    ],
}  # fmt: skip


def test_every_line_of_the_table_has_its_cases() -> None:
    text = TABLE.read_text(encoding="utf-8").partition("## Precedence")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(CASES)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_line(name: str, case: Case, tmp_path: Path) -> None:
    parts = {part: getattr(case, part) for part in ("decorator", "step", "body", "code", "driver")}
    (tmp_path / "main.py").write_text(PROGRAM.format(**parts))
    (tmp_path / "pyproject.toml").write_text(case.project)
    (tmp_path / "named.yaml").write_text(case.yaml)
    (tmp_path / "run.yaml").write_text(case.config)
    found = compile(
        tmp_path / "main.py",
        None,
        config=tmp_path / "run.yaml" if case.config else None,
        parameters=case.parameters,
        bind=case.bind,
    )
    errors = [one.code for one in found.diagnostics if one.is_error]
    assert errors == ([case.error] if case.error else []), found.diagnostics
    if not case.error:
        assert read(found.pipelines[0], case.expected) == case.expected, name


def read(pipeline: Pipeline, expressions: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each expression."""
    (call,) = calls(pipeline.body)
    configs: dict[str, Config] = {"p": pipeline.config, "s": call.config}
    argument = call.arguments.get("x")
    names: dict[str, Any] = {
        **configs,
        "pipeline": pipeline,
        "x": argument.value if isinstance(argument, Const) else None,
    }
    return {expression: eval(expression, {}, names) for expression in expressions}
