"""Every row of `reference/zenml.md` §1.1, §1.3, §2.1 and §2.2: it compiles, or has the diagnostic that is named here.

§2.1 (outputs) is tested row by row in `test_outputs.py`; the rows here are those that need more than a return annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from programs import lower

if TYPE_CHECKING:
    from pathlib import Path

STEP = "@step\ndef load() -> int:\n    return 1\n"
USE = "@step\ndef use(x=None) -> int:\n    return 1\n"
PIPELINE = "@pipeline\ndef p():\n    load()\n"

IMPORTS = {
    "pipeline from zenml": ("from zenml import pipeline, step", ""),
    "pipeline from zenml.pipelines": ("from zenml.pipelines import pipeline\nfrom zenml.steps import step", ""),
    "the decorator's own module": (
        "from zenml.pipelines.pipeline_decorator import pipeline\nfrom zenml.steps.step_decorator import step",
        "",
    ),
    "an alias": ("from zenml import pipeline as pipe, step as make\npipeline, step = pipe, make", ""),
    "the whole module": ("import zenml\npipeline, step = zenml.pipeline, zenml.step", ""),
    "a star": ("from zenml import *", ""),
    "all of zenml": (
        "from zenml import *\nfrom zenml import (ArtifactConfig, ExternalArtifact, Model, Tag, CommandStep, unmapped, wait,"
        " get_pipeline_context, get_step_context, log_metadata, bulk_log_metadata, log_artifact_metadata, log_model_metadata,"
        " log_step_metadata, save_artifact, load_artifact, register_artifact, link_artifact_to_model, add_tags, remove_tags,"
        " run_hook, show)",
        "",
    ),
    "all of config": (
        "from zenml import pipeline, step\nfrom zenml.config import (CachePolicy, DockerSettings, ResourceSettings,"
        " DeploymentSettings, Schedule, StepRetryConfig, ByteUnit, PythonPackageInstaller, PythonEnvironmentExportMethod,"
        " PoolResourceDemand, PipelineRunConfiguration)\nfrom zenml.config.pipeline_run_configuration import PipelineRunConfiguration",
        "",
    ),
    "submodules of config": (
        "from zenml import pipeline, step\nfrom zenml.config.schedule import Schedule\nfrom zenml.config.retry_config import"
        " StepRetryConfig\nfrom zenml.config.docker_settings import DockerSettings\nfrom zenml.config.resource_settings import"
        " ResourceSettings\nfrom zenml.config.cache_policy import CachePolicy\nfrom zenml.pipelines import Schedule",
        "",
    ),
    "enums": (
        "from zenml import pipeline, step\nfrom zenml.enums import ExecutionMode, StepRuntime, StepType, ArtifactType, ModelStages",
        "",
    ),
    "client, types and artifacts": (
        "from zenml import pipeline, step\nfrom zenml.client import Client\nfrom zenml.types import HTMLString, CSVString\n"
        "from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact",
        "",
    ),
    "pipec.sdk": ("from pipec.sdk import *", ""),
    "a misspelled name": ("from zenml import pipline as pipeline, step", "PC0202"),
}

STEPS = {
    "bare": (f"{STEP}{PIPELINE}", ""),
    "called": (f"{STEP.replace('@step', '@step()')}{PIPELINE}", ""),
    "every keyword": (
        "@step(name='fit', step_type='tool_call', enable_cache=False, enable_artifact_metadata=True,"
        " enable_artifact_visualization=False, enable_step_logs=True, environment={'A': 'b'}, secrets=['s'], extra={'k': 1},"
        " retry=StepRetryConfig(max_retries=2), substitutions={'a': 'b'}, cache_policy='default', runtime='isolated',"
        " heartbeat_healthy_threshold=30, group='g', model=Model(name='m'), experiment_tracker='mlflow', step_operator=True)\n"
        f"def load() -> int:\n    return 1\n{PIPELINE}",
        "",
    ),
    "hooks": (
        "def hook():\n    pass\ndef failed(exception):\n    pass\n@step(on_start=hook, on_end=hook, on_success=hook, on_failure=failed)\n"
        f"def load() -> int:\n    return 1\n{PIPELINE}",
        "",
    ),
    "a materializer": (
        "class M(BaseMaterializer):\n    ASSOCIATED_TYPES = (int,)\n@step(output_materializers=M)\n"
        f"def load() -> int:\n    return 1\n{PIPELINE}",
        "",
    ),
    "a materializer for one output": (
        "class M(BaseMaterializer):\n    pass\n@step(output_materializers={'output': [M]})\n"
        f"def load() -> int:\n    return 1\n{PIPELINE}",
        "",
    ),
    "an unknown keyword": (f"@step(enable_cash=True)\ndef load() -> int:\n    return 1\n{PIPELINE}", "PC0501"),
    "a positional argument": (f"@step('fit')\ndef load() -> int:\n    return 1\n{PIPELINE}", "PC0501"),
    "*args": (f"@step\ndef load(*args) -> int:\n    return 1\n{PIPELINE}", "PC0311"),
    "**kwargs": (f"@step\ndef load(**kwargs) -> int:\n    return 1\n{PIPELINE}", "PC0311"),
    "an input called after": (f"@step\ndef load(after=1) -> int:\n    return 1\n{PIPELINE}", "PC0311"),
    "an input called id": (f"@step\ndef load(id=1) -> int:\n    return 1\n{PIPELINE}", "PC0311"),
    "an input called start_after": (f"@step\ndef load(start_after=1) -> int:\n    return 1\n{PIPELINE}", ""),
    "keyword-only inputs": (f"@step\ndef load(*, a: int = 1) -> int:\n    return a\n{PIPELINE}", ""),
    "text annotations": (f"@step\ndef load(a: 'int' = 1) -> 'int':\n    return a\n{PIPELINE}", ""),
    "an annotation that is not defined": (f"@step\ndef load(a: 'Missing' = 1) -> int:\n    return a\n{PIPELINE}", ""),
    "async": (f"@step\nasync def load() -> int:\n    return 1\n{PIPELINE}", ""),
    "wrapped with functools": (
        "def timed(function):\n    @functools.wraps(function)\n    def inner(*args, **kwargs):\n        return function(*args, **kwargs)\n"
        f"    return inner\n@step\n@timed\ndef load() -> int:\n    return 1\n{PIPELINE}",
        "PC0311",
    ),
    "a class with an entrypoint": (
        "class Load(BaseStep):\n    def entrypoint(self, a: int = 1) -> int:\n        return a\n@pipeline\ndef p():\n    Load()()\n",
        "",
    ),
    "a class without one": ("class Load(BaseStep):\n    pass\n@pipeline\ndef p():\n    Load()()\n", "PC0311"),
    "step(function)": ("def load() -> int:\n    return 1\n@pipeline\ndef p():\n    step(load)()\n", ""),
    "a step made by a factory": (
        "def make(n):\n    @step\n    def load() -> int:\n        return n\n    return load\n@pipeline\ndef p():\n    make(1)()\n",
        "PC0311",
    ),
    "entrypoint": (f"{STEP}@pipeline\ndef p():\n    load.entrypoint()\n", ""),
    "a command": ("@pipeline\ndef p():\n    CommandStep(command=['ls', '-l'])()\n", ""),
    "a command as text": ("@pipeline\ndef p():\n    CommandStep('ls -l', environment={'A': 'b'})()\n", ""),
    "a command that is a function": (
        "def f():\n    pass\n@pipeline\ndef p():\n    CommandStep(command=f)()\n",
        "PC0502",
    ),
    "no command": ("@pipeline\ndef p():\n    CommandStep()()\n", "PC0301"),
    "a step of an integration": (
        "from zenml.integrations.mlflow.steps import mlflow_model_deployer_step\n@step\ndef load() -> object:\n    return 1\n"
        "@pipeline\ndef p():\n    mlflow_model_deployer_step(model=load(), workers=3)\n",
        "",
    ),
    "a step of an integration with options": (
        "from zenml.integrations.evidently.steps import evidently_report_step\nfrom zenml.integrations.evidently.metrics import"
        " EvidentlyMetricConfig\nreport = evidently_report_step.with_options(parameters={'ignored_cols': ['a']})\n@step\n"
        "def load() -> object:\n    return 1\n@pipeline\ndef p():\n    a, b = report(reference_dataset=load(), metrics="
        "[EvidentlyMetricConfig.metric('DataQualityPreset')])\n",
        "",
    ),
    "an unknown step of an integration": (
        "from zenml.integrations.mlflow.steps import mlflow_other_step\n@pipeline\ndef p():\n    mlflow_other_step()\n",
        "PC0211",
    ),
    "a wrong argument of a step of an integration": (
        "from zenml.integrations.mlflow.steps import mlflow_model_deployer_step\n@pipeline\ndef p():\n"
        "    mlflow_model_deployer_step(model=1, worker=3)\n",
        "PC0302",
    ),
    "a placeholder in an output's name": (
        f"@step(substitutions={{'k': 'v'}})\ndef load() -> Annotated[int, 'a_{{k}}']:\n    return 1\n{PIPELINE}",
        "",
    ),
    "ArtifactConfig": (
        "@step\ndef load() -> Annotated[int, ArtifactConfig(name='a', version='1', tags=['t'], run_metadata={'k': 1},"
        f" artifact_type=ArtifactType.MODEL)]:\n    return 1\n{PIPELINE}",
        "",
    ),
    "two outputs of one name": (
        f"@step\ndef load() -> Tuple[Annotated[int, 'a'], Annotated[int, 'a']]:\n    return 1, 2\n{PIPELINE}",
        "PC0318",
    ),
    "Tag": (f"{STEP}{PIPELINE.replace('@pipeline', '@pipeline(tags=[Tag(name=chr(97)), chr(98)])')}", ""),
    "depends_on": (f"{STEP}{PIPELINE.replace('@pipeline', '@pipeline(dynamic=True, depends_on=[load])')}", ""),
    "group": (f"{STEP}@pipeline\ndef p():\n    load.with_options(group='g')()\n", ""),
}

ARGUMENTS = {
    "a result": ("use(load())", ""),
    "a list of results": ("use([load(), load()])", ""),
    "a tuple of results": ("use((load(), load()))", ""),
    "a dict of results": ("use({'a': load()})", ""),
    "a list of both": ("use([load(), 1])", ""),
    "an external artifact": ("use(ExternalArtifact(value=[1, 2]))", ""),
    "an external artifact that is a result": ("use(ExternalArtifact(value=load()))", ""),
    "an artifact of the store": ("use(Client().get_artifact_version('a'))", ""),
    "an artifact of a model": ("use(Model(name='m', version='1').get_artifact('a'))", ""),
    "metadata": ("use(Client().get_artifact_version('a').run_metadata['k'])", ""),
    "None": ("use(None)", ""),
    "numbers and text": ("use([1, 2.5, 'a', True, b'x'])", ""),
    "a set": ("use({1, 2})", ""),
    "a date": ("use(datetime.date(2024, 1, 1))", ""),
    "an enum": ("use(Kind.FAST)", ""),
    "a data class": ("use(Options(depth=3))", ""),
    "a pydantic model": ("use(Settings(epochs=3))", ""),
    "an object of a plain class": ("use(Plain())", "PC0313"),
    "a lambda": ("use(lambda: 1)", "PC0313"),
    "an array": ("use(np.zeros(3))", "PC0204"),
    "a missing input": ("need()", "PC0301"),
    "an unknown input": ("use(y=1)", "PC0302"),
    "one input twice": ("use(1, x=2)", "PC0314"),
    "nested calls": ("use(use(use(1)))", ""),
    "a result of nothing": ("use(nothing())", "PC0310"),
}
HEAD = """\
import datetime
import enum
import functools
from dataclasses import dataclass
from typing import Annotated, Tuple
import numpy as np
from pydantic import BaseModel
from zenml import ArtifactConfig, CommandStep, ExternalArtifact, Model, Tag, pipeline, step
from zenml.client import Client
from zenml.config import StepRetryConfig
from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.steps import BaseStep


class Kind(enum.Enum):
    FAST = 1


@dataclass
class Options:
    depth: int = 2


class Settings(BaseModel):
    epochs: int = 1


class Plain:
    pass


@step
def need(n: int) -> int:
    return n


@step
def nothing() -> None:
    pass


"""


def codes(tmp_path: Path, program: str) -> list[str]:
    found = lower(tmp_path, program)
    errors = [one for one in found.diagnostics if one.is_error]
    assert all(one.span is not None for one in errors)
    assert errors or len(found.pipelines) == 1
    return [one.code for one in errors]


@pytest.mark.parametrize("row", IMPORTS)
def test_import(row: str, tmp_path: Path) -> None:
    source, code = IMPORTS[row]
    assert set(codes(tmp_path, f"{source}\n\n\n{STEP}\n\n{PIPELINE}")) == ({code} if code else set())


@pytest.mark.parametrize("row", STEPS)
def test_step(row: str, tmp_path: Path) -> None:
    source, code = STEPS[row]
    assert codes(tmp_path, HEAD + source) == ([code] if code else [])


@pytest.mark.parametrize("row", ARGUMENTS)
def test_argument(row: str, tmp_path: Path) -> None:
    source, code = ARGUMENTS[row]
    assert codes(tmp_path, f"{HEAD}{STEP}{USE}@pipeline\ndef p():\n    {source}\n") == ([code] if code else [])
