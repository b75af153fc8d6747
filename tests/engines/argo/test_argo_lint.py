"""Argo's own validation, as a program, on manifests written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engines import Argo

CASES = Path(__file__).parent / "cases"
VALID, LIBRARY = CASES / "valid.yaml", CASES / "library.yaml"


@pytest.fixture(params=["argo", "argo3"])
def lint(request: pytest.FixtureRequest) -> Argo:
    """Each release line that generated files must pass."""
    argo: Argo = request.getfixturevalue(request.param)
    return argo


def test_right_manifests_pass(lint: Argo) -> None:
    verdicts = lint.lint([VALID, LIBRARY])
    assert [(each.document, each.kind, each.name, each.is_skipped) for each in verdicts] == [
        (1, "WorkflowTemplate", "sums", False),
        (2, "ConfigMap", "sums-code" if verdicts[1].name else "", True),
        (3, "CronWorkflow", "sums", False),
        (1, "WorkflowTemplate", "library", False),
    ]
    assert [each.errors for each in verdicts] == [(), (), (), ()]


def test_references_resolve_among_the_given_files_only(lint: Argo) -> None:
    template, _, cron = lint.lint([VALID])
    assert "library" in "".join(template.errors)
    assert "library" in "".join(cron.errors)


FAULTS = {
    "unknown field": ("entrypoint: main", "entrypoints: main", 'unknown field "spec.entrypoints"'),
    "unknown nested field": ("          - name: first", "          - nam: x\n            name: first", 'unknown field "spec.templates[0].dag.tasks[0].nam"'),
    "key twice": ("  entrypoint: main", "  entrypoint: main\n  entrypoint: main", 'key "entrypoint" already set in map'),
    "missing template": ("            template: add\n            depends", "            template: subtract\n            depends", "template name 'subtract' undefined"),
    "missing entrypoint": ("entrypoint: main", "entrypoint: start", "start"),
    "depends on nothing": ("depends: first.Succeeded", "depends: zeroth.Succeeded", "zeroth"),
    "depends syntax": ("depends: first.Succeeded", "depends: first.Succeded", "Succeded"),
    "cycle": ("            template: add\n            arguments: {parameters: [{name: count, value: \"{{inputs", "            template: add\n            depends: second\n            arguments: {parameters: [{name: count, value: \"{{inputs", "cycle"),
    "unknown output": ("outputs.parameters.total", "outputs.parameters.sum", "tasks.first.outputs.parameters.sum"),
    "missing argument": ("            depends: first.Succeeded\n            arguments: {parameters: [{name: count, value", "            depends: first.Succeeded\n            arguments: {parameters: [{name: number, value", "inputs.parameters.count was not supplied"),
    "cron syntax": ("0 2 * * *", "0 25 * * *", "cron schedule"),
    "api version": ("apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate", "apiVersion: argoproj.io/v1\nkind: WorkflowTemplate", "apiVersion"),
    "foreign kind": ("kind: CronWorkflow", "kind: CronJob", 'kind "CronJob"'),
    "syntax": ("metadata: {name: sums}", "metadata: {name: sums", "yaml"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(lint: Argo, name: str, tmp_path: Path) -> None:
    right, wrong, message = FAULTS[name]
    text = VALID.read_text()
    assert right in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(right, wrong, 1))
    assert message in "\n".join(error for each in lint.lint([broken, LIBRARY]) for error in each.errors)


def test_an_empty_file_is_a_fault(lint: Argo, tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing\n---\n")
    (verdict,) = lint.lint([empty])
    assert verdict.errors == ("no document in this file",)


def test_two_templates_of_one_name_are_a_fault(lint: Argo, tmp_path: Path) -> None:
    twin = tmp_path / "twin.yaml"
    twin.write_bytes(LIBRARY.read_bytes())
    first, second = lint.lint([LIBRARY, twin])
    assert first.errors == ()
    assert second.errors == ('a second WorkflowTemplate "library"',)
