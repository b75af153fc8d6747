"""`pipec run` and its kin, in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("compiler", "backends", "templates", "runtime")
Run = Callable[..., CompletedProcess[str]]

TRAINING = '''\
from typing import Annotated

from pipec.sdk import Model, pipeline, step


@step
def load(rows: int) -> list[int]:
    print("loading")
    return list(range(rows))


@step
def train(data: list[int], rate: float) -> Annotated[float, "score"]:
    return sum(data) * rate


@step
def check(score: float, limit: float) -> bool:
    if score < limit:
        raise ValueError(f"{score} is too low")
    return True


@pipeline(tags=["nightly"], model=Model(name="scorer"))
def training(rows: int = 4, rate: float = 0.5, limit: float = 1.0) -> tuple[float, bool]:
    """Trains."""
    score = train(load(rows), rate)
    return score, check(score, limit)


if __name__ == "__main__":
    print(training())
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "training.py").write_text(TRAINING)
    return folder


def runs(pipec: Run, project: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(pipec("runs", "list", "--format", "json", cwd=project).stdout)
    return found


def steady(text: str, project: Path, pipec: Run) -> str:
    """Output without what changes from run to run."""
    import re

    text = text.replace(str(project), "PROJECT")
    for run in runs(pipec, project):
        text = text.replace(run["run"], "RUN")
    return re.sub(r"\(\d+\.\d s\)", "(TIME)", text)


def test_a_run_that_succeeds(pipec: Run, project: Path) -> None:
    done = pipec("run", "training.py", "-j", "1", cwd=project)
    assert (done.returncode, done.stdout) == (0, "score: 3.0\ncheck: True\n")
    assert steady(done.stderr, project, pipec) == (
        "load | loading\nload: done (TIME)\ntrain: done (TIME)\ncheck: done (TIME)\nrun RUN succeeded\n"
    )
    again = pipec("run", "training.py", cwd=project)
    assert steady(again.stderr, project, pipec) == ("load: cached\ntrain: cached\ncheck: cached\nrun RUN succeeded\n")


FAILED = """\
load | loading
load: done (TIME)
train: done (TIME)
check | Traceback (most recent call last):
check |   File "PROJECT/training.py", line 20, in check
check |     raise ValueError(f"{score} is too low")
check | ValueError: 3.0 is too low
check: failed (TIME): ValueError: 3.0 is too low
error[PC0704]: `check` failed: ValueError: 3.0 is too low
  --> training.py:28:19
   |
28 |     return score, check(score, limit)
   |                   ^^^^^^^^^^^^^^^^^^^
   = note: what it printed: PROJECT/.pipec/runs/training/RUN/check/1.notes/log.txt
   = more: pipec explain PC0704

1 error
run RUN failed
"""


def test_a_run_that_fails(pipec: Run, project: Path) -> None:
    done = pipec("run", "training.py", "-p", "limit=9", cwd=project)
    assert (done.returncode, done.stdout) == (3, "score: 3.0\n")
    assert steady(done.stderr, project, pipec) == FAILED


def test_a_quiet_run_that_fails_shows_the_traceback(pipec: Run, project: Path) -> None:
    done = pipec("run", "training.py", "-p", "limit=9", "-q", cwd=project)
    assert "check:\nTraceback (most recent call last):\n  File" in done.stderr
    assert "check |" not in done.stderr


def test_the_result_as_json(pipec: Run, project: Path) -> None:
    done = pipec("run", "training.py", "-p", "limit=9", "--format", "json", cwd=project)
    result = json.loads(done.stdout)
    assert done.returncode == 3
    assert (result["state"], result["outputs"]) == ("failed", {"score": 3.0})
    assert result["operations"] == {"load": "succeeded", "train": "succeeded", "check": "failed"}
    assert result["failures"][0]["error"]["line"] == 20


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--only", "trian"], 1, "error[PC0707]: the pipeline `training` has no step `trian`"),
        (["--only", "train"], 3, "error[PC0708]: there is no earlier result of `load`"),
        (["--resume", "nope"], 1, "error[PC0706]: there is no run `nope` of `training`"),
        (["--reproduce", "nope"], 1, "error[PC0706]: there is no run `nope`"),
        (["-p", "rows=many"], 1, "error[PC0506]: the value of `rows` is not JSON: `many`"),
        (["--secrets", "gone.env"], 2, "pipec: `gone.env` cannot be read: No such file or directory"),
        (["--resume", "a", "--reproduce", "b"], 2, "pipec: `--resume` goes on with a run, `--reproduce` repeats one"),
    ],
)
def test_what_cannot_run(pipec: Run, project: Path, words: list[str], status: int, expected: str) -> None:
    done = pipec("run", "training.py", *words, cwd=project)
    assert done.returncode == status
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_parameter_without_a_value(pipec: Run, project: Path) -> None:
    (project / "training.py").write_text(TRAINING.replace("rows: int = 4,", "rows: int,"))
    done = pipec("run", "training.py", cwd=project)
    assert done.returncode == 1
    assert done.stderr == (
        "error[PC0701]: the parameter `rows` has no value\n"
        "  --> training.py:25:14\n"
        "   |\n"
        "25 | def training(rows: int, rate: float = 0.5, limit: float = 1.0) -> tuple[float, bool]:\n"
        "   |              ^^^^^^^^^\n"
        "   = help: give one with `-p rows=…`, or a default\n"
        "   = more: pipec explain PC0701\n\n1 error\n"
    )
    assert pipec("run", "training.py", "-p", "rows=4", cwd=project).returncode == 0


def test_a_file_with_several_pipelines(pipec: Run, project: Path) -> None:
    (project / "training.py").write_text(TRAINING + "\n\n@pipeline\ndef other() -> list[int]:\n    return load(1)\n")
    done = pipec("run", "training.py", cwd=project)
    assert done.returncode == 1
    assert done.stderr == (
        "error[PC0702]: `training.py` has several pipelines: `training`, `other`\n"
        "  = help: say which: `pipec run training.py:training`\n"
        "  = more: pipec explain PC0702\n\n1 error\n"
    )
    assert pipec("run", "training.py:other", "-q", cwd=project).stdout == "load: [0]\n"


def test_a_store_that_cannot_be_written(pipec: Run, project: Path) -> None:
    (project / "file").write_text("")
    done = pipec("run", "training.py", "--artifact-root", "file", cwd=project)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error[PC0703]: {'file'} cannot be written: ")


def test_a_secret_that_is_not_here(pipec: Run, project: Path) -> None:
    (project / "training.py").write_text(TRAINING.replace("@step\ndef load", "@step(secrets=['keys'])\ndef load"))
    done = pipec("run", "training.py", cwd=project)
    assert done.returncode == 1
    assert "error[PC0705]: the secret `keys` is not known here" in done.stderr
    (project / "keys.env").write_text("TOKEN='x'\n")
    assert pipec("run", "training.py", "--secrets", "keys=keys.env", "-q", cwd=project).returncode == 0


def test_parts_of_a_pipeline(pipec: Run, project: Path) -> None:
    until = pipec("run", "training.py", "--until", "train", cwd=project)
    assert (until.returncode, until.stdout) == (0, "score: 3.0\n")
    assert "check: not run" in until.stderr
    from_ = pipec("run", "training.py", "--from", "train", cwd=project)
    assert from_.returncode == 0
    assert "load: cached" in from_.stderr
    assert "train: done" in from_.stderr
    only = pipec("run", "training.py", "--only", "check", cwd=project)
    assert (only.returncode, only.stdout) == (0, "score: 3.0\ncheck: True\n")


DRY = """\
run load (there is no earlier result)
    rows: $rows
run train (what it reads is made by `load`, which runs first)
    data: %load.output
    rate: $rate
run check (what it reads is made by `train`, which runs first)
    score: %train.score
    limit: $limit
"""


def test_a_dry_run(pipec: Run, project: Path) -> None:
    done = pipec("run", "training.py", "--dry-run", cwd=project)
    assert (done.returncode, done.stdout) == (0, DRY)
    assert not (project / ".pipec").exists()
    pipec("run", "training.py", cwd=project)
    changed = pipec("run", "training.py", "--dry-run", "-p", "rate=2", cwd=project).stdout.splitlines()
    assert [line for line in changed if not line.startswith(" ")] == [
        "cached load",
        "run train (parameter rate changed from 0.5 to 2)",
        "run check (what it reads is made by `train`, which runs first)",
    ]


def test_a_dry_run_imports_nothing_of_the_user(project: Path) -> None:
    """An audit hook sees every import, process and written file."""
    text = f"""
import sys
seen = []
def hook(event, arguments):
    if event == "import" and arguments[0].partition(".")[0] in ("training", "helper"):
        seen.append(arguments[0])
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.mkdir"):
        seen.append(event)
sys.addaudithook(hook)
sys.path[:0] = {[str(ROOT / one) for one in ROOTS]!r}
from pipec.compiler.cli import main
status = main(["run", "training.py", "--dry-run"])
print("seen", seen, file=sys.stderr)
sys.exit(status)
"""
    (project / "helper.py").write_text("raise SystemExit('imported')\n")
    (project / "training.py").write_text("import helper\n" + TRAINING)
    done = subprocess.run([sys.executable, "-c", text], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "seen []"


def test_stubs_need_nothing_of_the_user(pipec: Run, project: Path) -> None:
    (project / "training.py").write_text("import not_installed_anywhere\n" + TRAINING)
    done = pipec("run", "training.py", "--stub", cwd=project)
    assert (done.returncode, done.stdout) == (0, "score: 1.0\ncheck: True\n"), done.stderr
    assert not (project / ".pipec").exists()


def test_a_run_again(pipec: Run, project: Path) -> None:
    pipec("run", "training.py", cwd=project)
    first = runs(pipec, project)[0]["run"]
    changed = TRAINING.replace("sum(data) * rate", "sum(data) * rate + 1")
    (project / "training.py").write_text(changed)
    done = pipec("run", "training.py", "--reproduce", first, cwd=project)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "score: 3.0"), done.stderr
    assert done.stderr.endswith(f"every result is that of run {first}\n")


def test_a_run_again_that_gives_something_else(pipec: Run, project: Path) -> None:
    chance = TRAINING.replace("sum(data) * rate", "sum(data) * rate + __import__('random').random()")
    (project / "training.py").write_text(chance)
    pipec("run", "training.py", cwd=project)
    first = runs(pipec, project)[0]["run"]
    done = pipec("run", "training.py", "--reproduce", first, cwd=project)
    assert done.returncode == 3
    assert "differs: output `score` of the pipeline: " in done.stderr


def test_what_was_run(pipec: Run, project: Path) -> None:
    pipec("run", "training.py", "--tag", "mine", cwd=project)
    pipec("run", "training.py", "-p", "limit=9", cwd=project)
    newest, oldest = runs(pipec, project)
    assert (oldest["state"], oldest["tags"]) == ("succeeded", ["nightly", "mine"])
    assert newest["state"] == "failed"
    tagged = json.loads(pipec("runs", "list", "--tag", "mine", "--format", "json", cwd=project).stdout)
    assert [each["run"] for each in tagged] == [oldest["run"]]
    shown = pipec("runs", "show", oldest["run"], cwd=project).stdout
    assert "parameter rows = 4" in shown
    assert "data from load" in shown
    assert pipec("runs", "logs", oldest["run"], "load", cwd=project).stdout == "loading\n"
    assert "3.0 is too low" in pipec("runs", "logs", newest["run"], "check", cwd=project).stdout
    missing = pipec("runs", "show", "nope", cwd=project)
    assert (missing.returncode, missing.stderr) == (1, "pipec: there is no run `nope`\n")


def test_models_and_artifacts(pipec: Run, project: Path) -> None:
    for rate in ("1.0", "2.0"):
        assert pipec("run", "training.py", "-p", f"rate={rate}", "-q", cwd=project).returncode == 0
    versions = json.loads(pipec("models", "list", "--format", "json", cwd=project).stdout)
    assert sorted((each["name"], each["number"]) for each in versions) == [("scorer", 1), ("scorer", 2)]
    assert pipec("models", "promote", "scorer:1", "production", cwd=project).returncode == 0
    taken = pipec("models", "promote", "scorer:2", "production", cwd=project)
    assert taken.returncode == 1
    assert pipec("models", "promote", "scorer:2", "production", "--force", cwd=project).returncode == 0
    assert "scorer, version 2, production" in pipec("models", "show", "scorer:production", cwd=project).stdout
    artifact = json.loads(pipec("artifacts", "show", "score", "--format", "json", cwd=project).stdout)
    assert (artifact["version"], artifact["type"]) == ("2", "builtins:float")
    assert "score" in pipec("artifacts", "list", cwd=project).stdout


def test_old_runs_are_removed(pipec: Run, project: Path) -> None:
    for rate in range(4):
        pipec("run", "training.py", "-p", f"rate={rate}.0", "-q", cwd=project)
    kept = [each["run"] for each in runs(pipec, project)][:2]
    done = pipec("runs", "gc", "--keep", "2", cwd=project)
    assert done.stdout.startswith("2 runs removed, ")
    listed = [each for each in runs(pipec, project)]
    assert {each["run"] for each in listed} >= {*kept}
    score = json.loads(pipec("artifacts", "show", "score:1", "--format", "json", cwd=project).stdout)
    assert Path(score["place"]).exists(), "registered artifacts stay"
    again = pipec("run", "training.py", "-p", "rate=3.0", cwd=project)
    assert "train: cached" in again.stderr, "results of the runs that are kept are still there"


def test_a_pipeline_that_is_called(project: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in ROOTS),
    }
    command = [sys.executable, "training.py"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "(3.0, True)\n"), done.stderr
    assert "check: done" in done.stderr
    (project / "training.py").write_text(
        TRAINING.replace("print(training())", "training.with_options(enable_cache=False)(limit=9.0)")
    )
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pipec.sdk.exceptions.StepFailed: step `check` failed: ValueError: 3.0 is too low" in done.stderr


def test_debug(pipec: Run, project: Path) -> None:
    pipec("run", "training.py", "-p", "limit=9", cwd=project)
    run = runs(pipec, project)[0]["run"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in ROOTS),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipec", "debug", "check", "--run", run],
        cwd=project,
        env=environment,
        input="p (score, limit)\nc\nq\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "training.py(19)check()" in done.stdout
    assert "(3.0, 9.0)" in done.stdout
    assert "it raised ValueError: 3.0 is too low" in done.stderr


@pytest.mark.parametrize("example", ["hello", "parallel"])
def test_examples_run(pipec: Run, tmp_path: Path, example: str) -> None:
    folder = tmp_path / example
    shutil.copytree(
        ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("dags", "argo", "kubeflow", ".pipec")
    )
    (file,) = folder.glob("*.py")
    first, second = (pipec("run", str(file), cwd=folder) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == second.stdout
    steps = [line for line in second.stderr.splitlines() if ": " in line and not line.startswith("run ")]
    assert steps
    assert all(line.endswith(": cached") for line in steps)


def test_an_interpreter_of_its_own(pipec: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.pipec.local.python]\ntrain = 'nowhere/python'\n")
    done = pipec("run", "training.py", cwd=project)
    assert done.returncode == 3
    assert "load: done" in done.stderr
    assert "nowhere/python" in done.stderr
    (project / "pyproject.toml").write_text(f"[tool.pipec.local]\npython = '{sys.executable}'\n")
    assert pipec("run", "training.py", cwd=project).returncode == 0
    (project / "pyproject.toml").write_text("[tool.pipec.local]\npyton = 1\n")
    assert "error[PC0504]: `[tool.pipec.local]` has no key `pyton`" in pipec("run", "training.py", cwd=project).stderr


def test_a_run_configuration_and_a_stack(pipec: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.pipec.stack.prod]\nartifact_root = 'elsewhere'\nenvironment = {MODE = 'prod'}\n"
    )
    (project / "training.py").write_text(TRAINING.replace('print("loading")', '__import__("os").system("echo $MODE")'))
    (project / "run.yaml").write_text("parameters:\n  rate: 2.0\ntags: [configured]\n")
    done = pipec("run", "training.py", "--config", "run.yaml", "--stack", "prod", cwd=project)
    assert (done.returncode, done.stdout) == (0, "score: 12.0\ncheck: True\n"), done.stderr
    assert "load | prod" in done.stderr
    assert not (project / ".pipec").exists()
    listed = json.loads(pipec("runs", "list", "--stack", "prod", "--format", "json", cwd=project).stdout)
    assert [("configured" in each["tags"], each["state"]) for each in listed] == [(True, "succeeded")]


def test_secrets_of_a_stack_reach_the_steps(pipec: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.pipec.stack.prod]\nsecrets = ['warehouse']\n")
    (project / "training.py").write_text(TRAINING.replace('print("loading")', '__import__("os").system("echo $TOKEN")'))
    (project / "warehouse.env").write_text("TOKEN=abc\n")
    without = pipec("run", "training.py", "--stack", "prod", cwd=project)
    assert (without.returncode, "error[PC0705]: the secret `warehouse` is not known here" in without.stderr) == (
        1,
        True,
    )
    done = pipec("run", "training.py", "--stack", "prod", "--secrets", "warehouse=warehouse.env", cwd=project)
    assert (done.returncode, "load | abc" in done.stderr) == (0, True), done.stderr


def test_a_run_has_the_name_that_it_is_given(pipec: Run, project: Path) -> None:
    (project / "run.yaml").write_text("run_name: 'nightly {who} {date}'\nsubstitutions: {who: bob}\n")
    shown = TRAINING.replace(
        'print("loading")', 'print("in", __import__("pipec.sdk").sdk.get_step_context().pipeline_run.name)'
    )
    (project / "training.py").write_text(shown)
    done = pipec("run", "training.py", "--config", "run.yaml", cwd=project)
    assert done.returncode == 0, done.stderr
    (found,) = runs(pipec, project)
    name = f"nightly bob {found['started'][:10].replace('-', '_')}"
    assert found["name"] == name
    assert f"load | in {name}" in done.stderr
    assert f"name:       {name}" in pipec("runs", "show", name, cwd=project).stdout
    noted = pipec("check", "training.py", "--config", "run.yaml", "-t", "argo,airflow,kubeflow", cwd=project)
    assert noted.stderr.count(": name of the run\n") == 3, noted.stderr


def test_a_program_that_is_started_names_its_run(project: Path, pipec: Run) -> None:
    start = 'print(training.with_options(run_name="mine")())'
    (project / "training.py").write_text(TRAINING.replace("print(training())", start))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in ROOTS)}
    command = [sys.executable, "training.py"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [each["name"] for each in runs(pipec, project)] == ["mine"]


def test_a_program_as_ir_runs_with_the_code_that_it_brings(pipec: Run, project: Path, tmp_path: Path) -> None:
    assert pipec("compile", "training.py", "--target", "ir", "-o", str(tmp_path / "moved"), cwd=project).returncode == 0
    (tmp_path / "moved/pyproject.toml").write_text("")
    done = pipec("run", "training.ir.json", "-q", cwd=tmp_path / "moved")
    assert (done.returncode, done.stdout) == (0, "score: 3.0\ncheck: True\n"), done.stderr


def test_a_terminal_shows_what_runs(project: Path) -> None:
    """The table is drawn and taken away again; what stays are the lines of a log."""
    import pty

    environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in ROOTS)}
    environment.pop("CI", None)
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "pipec", "run", "training.py"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert (done.returncode, done.stdout) == (0, b"score: 3.0\ncheck: True\n")
    text = shown.decode()
    assert "running" in text
    assert "load | loading" in text
    assert "check: done" in text
    assert text.rstrip().endswith("succeeded")


def test_the_churn_example_runs_and_is_cached(pipec: Run, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    folder = tmp_path / "churn"
    ignored = shutil.ignore_patterns("dags", "argo", "kubeflow", ".pipec")
    shutil.copytree(ROOT / "examples/churn", folder, ignore=ignored)
    first, second = (pipec("run", "churn/training.py", cwd=folder, timeout=300) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == second.stdout
    assert second.stderr.count(": cached") == 5
