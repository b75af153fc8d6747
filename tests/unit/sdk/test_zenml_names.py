"""The table of ZenML's names leads to names that exist."""

from __future__ import annotations

import ast
import importlib
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
        assert ours in pipec.sdk.__all__, f"{module}.{entry}"


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
        ("zenml.steps", "Output", None),
        ("zenml.nowhere", "step", None),
    ],
)
def test_answers(module: str, name: str, ours: str | None) -> None:
    assert names.answer(module, name) == ours


def test_what_is_missing_says_what_to_write() -> None:
    assert names.missing("zenml.steps", "Output").startswith("`zenml.steps.Output` is gone: annotate the result")
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
