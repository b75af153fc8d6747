"""`--config`, `--stack` and drivers on the command line, with the target `outline` of another distribution."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "fixtures"

TRAINING = """\
from pipec.sdk import pipeline, step

@step
def load() -> int:
    return 1

@pipeline
def churn(rate: float = 0.1):
    load()
"""
STACKS = """\
[tool.pipec.options.outline]
depth = 2
[tool.pipec.stack.dev.options.outline]
code = true
[tool.pipec.stack.prod.environment]
STAGE = "prod"
"""
Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "configs").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(STACKS)
    (folder / "training.py").write_text(TRAINING)
    (folder / "configs/run.yaml").write_text("parameters: {rate: 0.7}\n")
    return folder


@pytest.fixture
def run(pipec: Run, tmp_path: Path, project: Path) -> Run:
    """Runs pipec in the project, with the target `outline` installed."""
    site = tmp_path / "site"
    (site / "outline_target-1.dist-info").mkdir(parents=True)
    (site / "outline_target-1.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: outline-target\nVersion: 1\n"
    )
    points = "[pipec.backends]\noutline = outline_target:backend\n"
    (site / "outline_target-1.dist-info/entry_points.txt").write_text(points)
    shutil.copy(FIXTURES / "outline_target.py", site)
    roots = [str(site), *(str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime"))]

    def run(*arguments: str, cwd: Path = project) -> CompletedProcess[str]:
        return pipec(*arguments, cwd=cwd, env={"PYTHONPATH": os.pathsep.join(roots)})

    return run


def head(project: Path) -> str:
    """The line that says how to make the file again."""
    return (project / "outlines/churn.txt").read_text().splitlines()[1]


def test_the_header_names_configuration_and_stack(run: Run, project: Path) -> None:
    done = run(
        "compile", "training.py", "-t", "outline", "--config", "configs/run.yaml", "--stack", "prod", "-p", "rate=1"
    )
    assert (done.returncode, done.stderr) == (0, "")
    words = "training.py --target outline --config configs/run.yaml --stack prod -p rate=1"
    assert head(project) == f"# Regenerate: pipec compile {words}"


def test_a_configuration_is_named_from_the_root_wherever_the_command_runs(run: Run, project: Path) -> None:
    done = run(
        "compile",
        "../training.py",
        "-t",
        "outline",
        "--config",
        "run.yaml",
        "-o",
        "../outlines",
        cwd=project / "configs",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert head(project) == "# Regenerate: pipec compile training.py --target outline --config configs/run.yaml"


def test_a_stack_sets_options_of_a_target(run: Run, project: Path) -> None:
    for words, has_code in ((["dev"], True), (["prod"], False), (["dev", "-O", "code=no"], False)):
        assert run("compile", "-t", "outline", "--force", "-o", words[-1], "--stack", *words).returncode == 0
        assert (project / words[-1] / "churn.pipec/training.py").exists() is has_code


def test_an_unknown_stack_is_refused_with_near_names(run: Run) -> None:
    done = run("check", "training.py", "--stack", "prd")
    assert done.returncode == 1
    assert done.stderr == (
        "error[PC0512]: the project has no stack `prd`\n"
        "  = help: did you mean `prod`?\n"
        "  = more: pipec explain PC0512\n\n1 error\n"
    )


def test_a_fault_of_a_configuration_has_its_line(run: Run, project: Path) -> None:
    (project / "configs/run.yaml").write_text("parameters:\n  rat: 1\n")
    done = run("check", "training.py", "--config", "configs/run.yaml")
    assert done.returncode == 1
    assert "--> configs/run.yaml:2:3" in done.stderr
    assert "did you mean `rate`?" in done.stderr


def test_a_configuration_that_is_not_there_is_said(run: Run) -> None:
    done = run("check", "training.py", "--config", "rnu.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("error[PC0102]: `rnu.yaml` cannot be read: No such file or directory\n")


def test_a_configuration_does_not_change_an_evaluated_program(run: Run) -> None:
    assert run("compile", "training.py", "-t", "ir").returncode == 0
    done = run("compile", "ir/churn.ir.json", "-t", "outline", "--config", "configs/run.yaml")
    assert done.returncode == 1
    assert "error[PC0506]: `--config` cannot be applied to `ir/churn.ir.json`" in done.stderr


DRIVER = "from training import churn\n@print\ndef f(): ...\nchurn.with_options(enable_cache=False)()  # a pipeline\n"


def test_a_driver_in_a_file_of_its_own_counts(run: Run, project: Path) -> None:
    (project / "run.py").write_text(DRIVER)
    for words in ([], ["run.py"]):
        done = run("compile", *words, "-t", "outline", "--force")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("outlines/churn.txt: ")
        assert head(project) == "# Regenerate: pipec compile run.py --target outline"
    assert run("compile", "-t", "outline", "--check").returncode == 0
    assert run("compile", "training.py", "-t", "outline", "--force").returncode == 0
    assert head(project) == "# Regenerate: pipec compile training.py --target outline"


def test_a_driver_without_options_does_not(run: Run, project: Path) -> None:
    (project / "run.py").write_text(DRIVER.replace(".with_options(enable_cache=False)", "") + "# with_options\n")
    assert run("compile", "-t", "outline").returncode == 0
    assert head(project) == "# Regenerate: pipec compile training.py --target outline"


def test_a_driver_takes_what_it_configures_and_leaves_the_rest(run: Run, project: Path) -> None:
    (project / "training.py").write_text(TRAINING + "\n@pipeline\ndef other():\n    load()\n")
    (project / "run.py").write_text(DRIVER.replace("import churn", "import churn, other") + "other()\n")
    done = run("compile", "-t", "outline")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(one.name for one in (project / "outlines").iterdir()) == ["churn.txt", "other.txt"]
    assert head(project) == "# Regenerate: pipec compile run.py:churn --target outline"
    other = (project / "outlines/other.txt").read_text().splitlines()[1]
    assert other == "# Regenerate: pipec compile training.py --target outline"


def test_of_two_drivers_the_first_counts_and_a_note_says_so(run: Run, project: Path) -> None:
    (project / "run.py").write_text(DRIVER)
    (project / "run_again.py").write_text(DRIVER.replace("enable_cache=False", "enable_cache=True"))
    done = run("check")
    assert done.returncode == 0
    assert done.stdout == "1 pipeline checked, no errors\n"
    assert done.stderr == (
        "note[PC0521]: `run.py` starts `churn` too, and counts where no file is named\n"
        " --> run_again.py:4:1\n"
        "  |\n"
        "4 | churn.with_options(enable_cache=True)()  # a pipeline\n"
        "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        " ::: run.py:4:1\n"
        "  |\n"
        "4 | churn.with_options(enable_cache=False)()  # a pipeline\n"
        "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the first start\n"
        "  = help: to compile it as it is started here: `pipec compile run_again.py:churn`\n"
    )


def test_the_store_of_a_stack_reaches_every_target(run: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.pipec.stack.prod]\nartifact_root = 's3://models/prod'\n")
    targets = ("airflow", "argo", "kubeflow")
    done = run("compile", "training.py", "-t", ",".join(targets), "--stack", "prod")
    assert done.returncode == 0, done.stderr
    about = json.loads((project / "dags/churn.pipec/pipec/airflow.json").read_text())
    assert about["artifact_root"] == "s3://models/prod"
    for target in targets[1:]:
        (file,) = [one for one in (project / target).iterdir() if one.suffix in {".yaml", ".json"}]
        assert "s3://models/prod" in file.read_text()
    assert run("compile", "training.py", "-t", "airflow", "--force").returncode == 0
    assert "artifact_root" not in json.loads((project / "dags/churn.pipec/pipec/airflow.json").read_text())
    wrong = run("check", "training.py", "-t", "airflow", "--stack", "prod", "-O", "artifact_root=store")
    assert "error[PC0404]: `store` is no place that all workers reach" in wrong.stderr
