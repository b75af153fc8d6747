"""The table of ZenML's names leads to names that exist."""

from __future__ import annotations

import ast
import importlib
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import pipec.sdk
from pipec.sdk import _zenml_names as names  # pyright: ignore[reportPrivateUsage]

# `zenml.__all__` of 0.98, and `Schedule`, which documents of the specification import from there.
ZENML = """
add_tags remove_tags Tag ArtifactConfig CommandStep ExternalArtifact get_pipeline_context get_step_context load_artifact
log_metadata bulk_log_metadata log_artifact_metadata log_model_metadata log_step_metadata Model link_artifact_to_model
pipeline run_hook save_artifact register_artifact show step unmapped wait Schedule
"""


def test_the_root_is_complete() -> None:
    assert set(names.MODULES["zenml"].split()) == set(ZENML.split())


@pytest.mark.parametrize("module", sorted(names.MODULES))
def test_every_answer_exists(module: str) -> None:
    for entry in names.MODULES[module].split():
        ours = entry.rpartition("=")[2]
        assert hasattr(pipec.sdk, ours), f"{module}.{entry}"


@pytest.mark.parametrize("theirs", sorted(names.SUBMODULES))
def test_every_submodule_exists(theirs: str) -> None:
    importlib.import_module(names.SUBMODULES[theirs])


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        ("zenml", "step", "step"),
        ("zenml.config", "DockerSettings", "DockerSettings"),
        ("zenml.config", "PipelineRunConfiguration", "PipelineRunConfiguration"),
        ("zenml.config.schedule", "Schedule", "Schedule"),
        ("zenml.pipelines", "Schedule", "Schedule"),
        ("zenml.integrations.kubernetes.flavors", "KubernetesOrchestratorSettings", "KubernetesOrchestratorSettings"),
        ("zenml.logger", "get_logger", "get_logger"),
        ("zenml.utils.dashboard_utils", "show_dashboard", "show"),
        ("zenml.steps", "Output", "Output"),
        ("zenml.nowhere", "step", None),
    ],
)
def test_answers(module: str, name: str, ours: str | None) -> None:
    assert names.answer(module, name) == ours


def test_what_is_missing_says_what_to_write() -> None:
    assert names.missing("zenml.model", "ModelConfig") == "`zenml.model.ModelConfig` is gone: use `zenml.Model`"
    expected = "pipec has no `zenml.config.DockerSetings` (did you mean `DockerSettings`?); see `pipec.sdk.__all__`"
    assert names.missing("zenml.config", "DockerSetings") == expected
    assert names.missing("zenml.zen_stores", "X") == "pipec has no `zenml.zen_stores.X`; see `pipec.sdk.__all__`"


def test_the_tables_are_literals() -> None:
    tree = ast.parse(Path(names.__file__).read_text())
    read: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            read[node.targets[0].id] = ast.literal_eval(node.value)
    assert read == {"MODULES": names.MODULES, "SUBMODULES": names.SUBMODULES, "REMOVED": names.REMOVED}


PROGRAM = """
from typing import Annotated, Tuple

import zenml
from zenml import ArtifactConfig, Model, get_step_context, log_metadata, pipeline, step
from zenml.client import Client
from zenml.config import DockerSettings, ResourceSettings
from zenml.config.schedule import Schedule
from zenml.enums import ArtifactType, ModelStages
from zenml.integrations.constants import MLFLOW, SKLEARN
from zenml.integrations.kubernetes.flavors import KubernetesOrchestratorSettings
from zenml.integrations.kubernetes.pod_settings import KubernetesPodSettings
from zenml.io import fileio
from zenml.logger import get_logger
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.steps import BaseStep

logger = get_logger(__name__)
docker = DockerSettings(required_integrations=[MLFLOW, SKLEARN], requirements=["pandas"])
tracker = Client().active_stack.experiment_tracker
if not tracker:
    raise RuntimeError("no tracker")

class Words(BaseMaterializer):
    ASSOCIATED_TYPES = (dict,)
    def save(self, data):
        fileio.makedirs(self.uri)

@step(enable_cache=False, output_materializers=Words, experiment_tracker=tracker.name)
def count(text: str) -> Annotated[dict, ArtifactConfig(name="counts", artifact_type=ArtifactType.DATA)]:
    return {word: text.split().count(word) for word in text.split()}

@step
def extremes(counts: dict) -> Tuple[Annotated[str, "most"], Annotated[str, "least"]]:
    return max(counts, key=counts.get), min(counts, key=counts.get)

@zenml.pipeline(
    settings={
        "docker": docker,
        "resources": ResourceSettings(memory="1GB"),
        "orchestrator": KubernetesOrchestratorSettings(pod_settings=KubernetesPodSettings(labels={"a": "b"})),
    },
    model=Model(name="words", version=ModelStages.LATEST),
)
def words(text: str = "a b a"):
    most, least = extremes(count(text, id="counted"), after="counted")
    return most, least

result = words.with_options(schedule=Schedule(cron_expression="0 0 * * *")).entrypoint("x y x")
"""


def test_a_program_for_zenml_runs_unmodified(monkeypatch: pytest.MonkeyPatch) -> None:
    """With modules made of the table alone, as an import finder makes them inside a step."""
    for path in [*names.MODULES, *names.SUBMODULES]:
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            package = types.ModuleType(".".join(parts[:depth]))
            package.__path__ = []
            if package.__name__ not in sys.modules:
                monkeypatch.setitem(sys.modules, package.__name__, package)
    for path, entries in names.MODULES.items():
        for entry in entries.split():
            theirs, _, ours = entry.partition("=")
            setattr(sys.modules[path], theirs, getattr(pipec.sdk, ours or theirs))
    for path, ours in names.SUBMODULES.items():
        module = importlib.import_module(ours)
        monkeypatch.setitem(sys.modules, path, module)
        parent, _, name = path.rpartition(".")
        setattr(sys.modules[parent], name, module)
    found: dict[str, Any] = {"__name__": "user_program"}
    exec(compile(PROGRAM, "user_program.py", "exec"), found)
    assert found["result"] == ("x", "y")
