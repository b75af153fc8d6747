"""`compile --check` and `--diff` in a git repository: which file is not as it would be written, why, and what that means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_repository import TRAINING, Repository

CHECK = ("compile", "-t", "argo,airflow", "--check")
AGAIN = "  = help: run the same command without `--check` and commit the result\n  = more: pipec explain PC0509\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project whose generated files are committed and fresh."""
    found = Repository(tmp_path / "project")
    found.write("pyproject.toml", "")
    found.write("training.py", TRAINING)
    assert found.pipec("compile", "-t", "argo,airflow").status == 0
    found.commit()
    return found


def test_fresh(repository: Repository) -> None:
    said = repository.pipec(*CHECK)
    assert (said.status, said.error) == (0, "")
    assert said.out.endswith(" files are up to date\n")


def test_stale_files_say_what_changed_in_meaning(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")[:9]
    repository.replace("training.py", "rate: float = 0.1", "rate: float = 0.05")
    repository.replace(
        "training.py",
        "@step\ndef train",
        "from zenml.config.retry_config import StepRetryConfig\n\n@step(retry=StepRetryConfig(max_retries=2))\ndef train",
    )
    repository.commit("only the source")
    said = repository.pipec(*CHECK)
    assert said.status == 1
    notes = (
        f"  = note: since {first}: parameter `rate` default 0.1 → 0.05\n"
        f"  = note: since {first}: `train`: retries 0 → 2\n"
    )
    assert f"error[PC0509]: `argo/churn.yaml` is stale\n{notes}{AGAIN}" in said.error
    assert f"error[PC0509]: `dags/churn.py` is stale\n{AGAIN}" in said.error
    assert said.error.endswith("\n2 errors\n") or "dags/churn.pipec" in said.error


def test_a_comment_is_no_change_in_meaning(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")[:9]
    repository.replace("training.py", "    return 1", "    # one\n    return 1")
    said = repository.pipec(*CHECK)
    assert said.status == 1
    assert f"  = note: churn: no change in meaning since {first}\n" in said.error


def test_edited_by_hand_before_and_after_a_commit(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")[:9]
    with (repository.root / "dags/churn.py").open("a") as stream:
        stream.write("# mine\n")
    reason = f"  = note: it is not as in {first}, and nothing that it is made from has changed since\n"
    help_ = "  = help: say it in the program and compile again; without `--check` the edit is overwritten\n"
    said = repository.pipec(*CHECK)
    assert said.status == 1
    assert said.error == (
        f"error[PC0550]: `dags/churn.py` was edited by hand\n{reason}{help_}  = more: pipec explain PC0550\n\n1 error\n"
    )
    second = repository.commit("by hand")
    said = repository.pipec(*CHECK)
    assert f"error[PC0550]: `dags/churn.py` was edited by hand\n  = note: the edit is in {second}\n" in said.error


def test_neither_then_nor_now(repository: Repository) -> None:
    """Compiled in between, and not committed: that is not called an edit."""
    repository.replace("training.py", "0.1", "0.2")
    repository.pipec("compile", "-t", "argo,airflow")
    repository.replace("training.py", "0.2", "0.3")
    said = repository.pipec(*CHECK)
    assert "error[PC0509]: `dags/churn.py` is stale\n" in said.error
    assert "compiled in between, or edited by hand too" in said.error
    assert "PC0550" not in said.error


def test_orphaned_by_a_source_and_by_a_pipeline(repository: Repository) -> None:
    repository.write("other.py", TRAINING.replace("def churn", "def other"))
    repository.pipec("compile", "-t", "argo,airflow")
    repository.commit()
    (repository.root / "other.py").unlink()
    said = repository.pipec(*CHECK)
    assert said.status == 1
    head = "error[PC0551]: `dags/other.py` is orphaned\n  = note: `other.py`, which it was generated from, is gone\n"
    assert head + "  = help: remove it, and tell whoever runs it\n  = more: pipec explain PC0551\n" in said.error
    repository.replace("training.py", "def churn", "def renamed")
    said = repository.pipec(*CHECK)
    assert (
        "error[PC0551]: `argo/churn.yaml` is orphaned\n  = note: `training.py` has no pipeline `churn` any more\n"
        in said.error
    )
    assert "error[PC0509]: `argo/renamed.yaml` is missing\n" in said.error


def test_unknown_left_over_and_foreign_are_told_apart(repository: Repository) -> None:
    repository.write("helper.py", "ONE = 1\n")
    repository.replace("training.py", "    return 1", "    return helper.ONE")
    repository.write("training.py", "import helper\n" + (repository.root / "training.py").read_text())
    repository.pipec("compile", "-t", "argo,airflow")
    repository.commit()
    repository.write("training.py", TRAINING)
    repository.write("dags/churn.pipec/mine.txt", "mine")
    repository.write("argo/churn.yaml", "mine: 1\n")
    repository.write("dags/by_a_person.py", "# not ours, and not in the way\n")
    said = repository.pipec(*CHECK)
    assert "error[PC0509]: `dags/churn.pipec/helper.py` is not generated any more\n" in said.error
    assert "error[PC0552]: `dags/churn.pipec/mine.txt` was not written by pipec\n" in said.error
    assert "error[PC0508]: `argo/churn.yaml` was not written by pipec\n" in said.error
    assert "by_a_person" not in said.error


def test_without_git_the_text_is_compared_all_the_same(tmp_path: Path) -> None:
    project = Repository(tmp_path / "project")
    project.write("pyproject.toml", "")
    project.write("training.py", TRAINING)
    project.pipec("compile", "-t", "argo")
    project.replace("training.py", "0.1", "0.2")
    said = project.pipec("compile", "-t", "argo", "--check")
    assert said.status == 1
    assert "note: git knows no earlier version, so it may be edited by hand too\n" in said.error


def test_diff_tells_meaning_and_is_a_patch(repository: Repository) -> None:
    repository.replace("training.py", "0.1", "0.05")
    said = repository.pipec("compile", "-t", "argo,airflow", "--diff")
    assert said.status == 0
    assert said.out.startswith(
        "# churn (training.py):\n#   parameter `rate` default 0.1 → 0.05\n--- a/argo/churn.yaml\n"
    )
    assert repository.pipec("compile", "-t", "argo,airflow", "--diff", "--check").status == 1
    repository.write("../change.patch", said.out)
    repository.git("apply", "../change.patch")
    assert repository.pipec(*CHECK).status == 0


def test_formats(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")[:9]
    repository.replace("training.py", "0.1", "0.05")
    found = json.loads(repository.pipec(*CHECK, "--format", "json").out)
    assert {one["path"]: one["state"] for one in found["files"]}["argo/churn.yaml"] == "stale"
    assert found["pipelines"][0]["since"] == first
    assert found["pipelines"][0]["differences"][0] == {
        "subject": None,
        "kind": "parameter",
        "text": "parameter `rate` default 0.1 → 0.05",
        "is_meaning": True,
        "path": "training.py",
        "line": 12,
    }
    lines = repository.pipec(*CHECK, "--format", "github").out.splitlines()
    assert lines[0].startswith("::error title=PC0509 stale-file,file=argo/churn.yaml,line=1,endLine=1,")
    assert "parameter `rate` default 0.1 → 0.05" in lines[0]
    sarif = json.loads(repository.pipec(*CHECK, "--format", "sarif").out)
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "argo/churn.yaml"
