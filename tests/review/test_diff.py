"""`pipec diff REV`: the working tree and a git revision, compared in meaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_repository import TRAINING, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project with one commit and nothing generated."""
    found = Repository(tmp_path / "project")
    found.write("pyproject.toml", "")
    found.write("training.py", TRAINING)
    found.commit()
    return found


def test_nothing_changed(repository: Repository) -> None:
    assert repository.pipec("diff", "HEAD") == (0, "no change in meaning (1 pipeline)\n", "")


def test_added_removed_and_changed(repository: Repository) -> None:
    repository.write("gone.py", TRAINING.replace("churn", "gone"))
    repository.commit()
    (repository.root / "gone.py").unlink()
    repository.write("fresh.py", TRAINING.replace("churn", "fresh"))
    repository.replace("training.py", "return train(load(), rate)", "data = load()\n    return train(data, 0.5)")
    assert repository.pipec("diff", "HEAD").out == (
        "fresh (fresh.py): new pipeline\n"
        "churn (training.py):\n"
        "  `train`: argument `rate` parameter `rate` → 0.5\n"
        "gone (gone.py): the pipeline is gone\n"
    )


def test_requirements_say_why(repository: Repository) -> None:
    repository.write("requirements.txt", "pandas==2.2.0\n")
    repository.replace(
        "training.py",
        "def load() -> int:\n    return 1",
        "def load() -> int:\n    import pandas\n    return len(pandas.DataFrame())",
    )
    repository.commit()
    repository.write("requirements.txt", "pandas==2.3.0\n")
    assert repository.pipec("diff", "HEAD").out == (
        "churn (training.py):\n"
        "  `load`: requirements: `pandas==2.2.0` → `pandas==2.3.0` because `requirements.txt` changed\n"
    )


def test_formats(repository: Repository) -> None:
    repository.replace("training.py", "0.1", "0.2")
    document = json.loads(repository.pipec("diff", "HEAD", "--format", "json").out)
    assert document["pipelines"][0]["state"] == "changed"
    assert repository.pipec("diff", "HEAD", "--format", "github").out == (
        "::notice title=churn%3A parameter,file=training.py,line=12::parameter `rate` default 0.1 → 0.2\n"
    )
    assert repository.pipec("diff", "HEAD", "--format", "markdown").out == (
        "**churn** (`training.py`):\n\n- parameter `rate` default 0.1 → 0.2\n"
    )


def test_a_revision_that_is_not_there(repository: Repository, tmp_path: Path) -> None:
    said = repository.pipec("diff", "v9")
    assert said.status == 1
    assert said.error == (
        "error[PC0553]: the repository has no revision `v9`\n"
        "  = help: `pipec diff` and the meaning in `--check` and `--diff` need a git repository that holds the old version\n"
        "  = more: pipec explain PC0553\n\n1 error\n"
    )


def test_an_old_version_that_does_not_compile(repository: Repository) -> None:
    repository.replace("training.py", "train(load(), rate)", "trian(load(), rate)")
    repository.commit()
    repository.write("training.py", TRAINING)
    said = repository.pipec("diff", "HEAD")
    assert said.status == 0
    assert said.out == (
        "churn (training.py): what changed is not known: `training.py` does not compile at HEAD: `trian` is not defined\n"
    )
