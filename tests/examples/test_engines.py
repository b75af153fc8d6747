"""Every engine accepts the committed files of every example and runs them, and the same values come out of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines import DagCase, SpecCase
from pipec.backends.argo_interpreter import submit

if TYPE_CHECKING:
    from engines import Airflow, Argo, DagRun, Kubeflow, SpecRun

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = {
    "hello": ("dags/simple_pipeline.py", "kubeflow/simple_pipeline.yaml", "argo/simple-pipeline.yaml"),
    "churn": ("dags/churn.py", "kubeflow/churn.yaml", "argo/churn.yaml"),
    "parallel": ("dags/compare.py", "kubeflow/compare.yaml", "argo/compare.yaml"),
    "zenml_unmodified": ("dags/iris_training.py", "kubeflow/iris_training.yaml", "argo/iris-training.yaml"),
}
VALUES: dict[str, tuple[str, dict[str, Any]]] = {
    "hello": ("say_hello", {"greeting": "Hello, World!"}),
    "churn": ("evaluate", {"accuracy": 0.972, "auc": 0.9976}),
    "parallel": ("compare_models", {"best_accuracy": 0.9832, "best_kind": "logistic"}),
    "zenml_unmodified": ("evaluate_model", {"test_acc": 0.7368421052631579}),
}
"""The step that makes what each example returns, and what that is."""


@pytest.fixture(scope="module")
def airflow_runs(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DagRun]:
    homes = tmp_path_factory.mktemp("homes")
    cases = [
        DagCase((EXAMPLES / name / files[0]).parent, Path(files[0]).stem, home=homes / name)
        for name, files in FILES.items()
    ]
    return dict(zip(FILES, airflow.run(cases), strict=True))


@pytest.mark.parametrize("name", FILES)
def test_airflow_runs_it(name: str, airflow_runs: dict[str, DagRun]) -> None:
    run = airflow_runs[name]
    assert run.state == "success", run.log
    step, values = VALUES[name]
    assert {key: airflow_value(run.xcoms[step][key]) for key in values} == values


def airflow_value(text: str) -> Any:
    reference = json.loads(text)
    return json.loads(reference["value"]) if isinstance(reference, dict) else reference


def test_airflow_imports_them(airflow: Airflow) -> None:
    for verdict in airflow.check([EXAMPLES / name / files[0] for name, files in FILES.items()]):
        assert verdict.errors == ()
        assert [one for one in verdict.warnings if "pathspec" not in one and "file_discovery" not in one] == []


@pytest.fixture(scope="module")
def kubeflow_runs(kubeflow: Kubeflow) -> dict[str, SpecRun]:
    return dict(
        zip(FILES, kubeflow.run([SpecCase(EXAMPLES / name / files[1]) for name, files in FILES.items()]), strict=True)
    )


@pytest.mark.parametrize("name", FILES)
def test_kubeflow_runs_it(name: str, kubeflow_runs: dict[str, SpecRun]) -> None:
    run = kubeflow_runs[name]
    assert run.state == "success", f"{run.error}\n{run.log}"
    values = VALUES[name][1]
    # Results of steps are canonical JSON text there, as the ledger says.
    assert {key: json.loads(run.outputs[key]) for key in values} == values


def test_kubeflow_parses_them(kubeflow: Kubeflow) -> None:
    for verdict in kubeflow.check([EXAMPLES / name / files[1] for name, files in FILES.items()]):
        assert verdict.errors == ()


@pytest.mark.parametrize("name", FILES)
def test_argo_accepts_and_runs_it(name: str, argo: Argo, tmp_path: Path) -> None:
    """Accepted by Argo's own validator; run by the interpreter of the emitted YAML, since no cluster is here."""
    file = EXAMPLES / name / FILES[name][2]
    assert [one.errors for one in argo.lint([file]) if one.errors] == []
    run = submit(file.read_text(encoding="utf-8"), tmp_path)
    assert run.phase == "Succeeded"
    parameters = {key: value for key, value in VALUES[name][1].items() if key in run.outputs.parameters}
    assert parameters
    assert {key: json.loads(run.outputs.parameters[key]) for key in parameters} == parameters
