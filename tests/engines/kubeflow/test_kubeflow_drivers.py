"""The drivers for Kubeflow, on a spec written by hand: what they report is what Kubeflow says and does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engines import SpecCase

if TYPE_CHECKING:
    from engines import Kubeflow

SUMS = Path(__file__).parent / "specs/sums.yaml"


def test_a_right_spec_passes(kubeflow: Kubeflow) -> None:
    (verdict,) = kubeflow.check([SUMS])
    assert verdict.errors == ()
    assert verdict.name == "sums"
    assert verdict.components == ("comp-s-first", "comp-s-second")
    assert verdict.executors == ("exec-s-first", "exec-s-second")


FAULTS = {
    # One for each of the four parses, then what no parse sees.
    "pipeline": ("    dependentTasks: [first]", "    dependentTask: [first]", 'no field named "dependentTask"'),
    "deployment": ("image: python:3.11", "images: python:3.11", 'no field named "images"'),
    "platform": ("platforms:", "platform:", 'no field named "platform"'),
    "kubernetes": ("activeDeadlineSeconds", "activeDeadline", 'no field named "activeDeadline"'),
    "version": ("schemaVersion: 2.1.0", "schemaVersion: 2.0.0", "schemaVersion is '2.0.0'"),
    "component": (
        "componentRef: {name: comp-s-second}",
        "componentRef: {name: comp-s-third}",
        "'comp-s-third', which is not there",
    ),
    "executor": ("executorLabel: exec-s-second", "executorLabel: exec-s-third", "'exec-s-third', which is not there"),
    "order": ("dependentTasks: [first]", "dependentTasks: [zeroth]", "depends on 'zeroth', which is not there"),
    "display name": ("taskInfo: {name: second}", "taskInfo: {}", "task second has no taskInfo.name"),
    "platform executor": ("exec-s-first: {active", "exec-s-nth: {active", "exec-s-nth is not in deploymentSpec"),
    "syntax": ("sdkVersion: none", "sdkVersion: {none", "ParserError"),
}


def test_each_fault_is_found(kubeflow: Kubeflow, tmp_path: Path) -> None:
    paths: list[Path] = []
    for name, (right, wrong, _) in FAULTS.items():
        text = SUMS.read_text()
        assert right in text, name
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(text.replace(right, wrong))
    for (name, (_, _, message)), verdict in zip(FAULTS.items(), kubeflow.check(paths), strict=True):
        assert message in "\n".join(verdict.errors), name


def test_runs(kubeflow: Kubeflow, tmp_path: Path) -> None:
    home = tmp_path / "home"
    cases = [SpecCase(SUMS, home=home), SpecCase(SUMS, arguments={"n": 100}), SpecCase(SUMS, arguments={"n": "many"})]
    default, fails, refused = kubeflow.run(cases)
    assert (default.state, default.error, default.outputs) == ("success", None, {"total": 7})
    assert [(task.component, task.state) for task in default.tasks] == [
        ("comp-s-first", "success"),
        ("comp-s-second", "success"),
    ]
    text = default.tasks[1].outputs["text"]
    assert text["metadata"] == {"n": 6}
    assert Path(text["uri"]).is_relative_to(home)
    assert Path(text["uri"]).read_text() == "6"
    assert fails.state == "failed"
    assert fails.tasks[0].outputs == {"total": 101}
    assert fails.tasks[1].state == "failed"
    assert "too big" in fails.log
    assert refused.state is None
    assert "incompatible" in (refused.error or "")


def test_a_case_that_hangs_is_ended(kubeflow: Kubeflow, tmp_path: Path) -> None:
    slow = tmp_path / "slow.yaml"
    slow.write_text(
        SUMS.read_text().replace("import json, pathlib, sys", "import json, pathlib, sys, time; time.sleep(600)")
    )
    (run,) = kubeflow.run([SpecCase(slow, timeout=3)])
    assert (run.state, run.error) == (None, "not finished after 3 s")
