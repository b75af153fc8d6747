"""`pipec submit --target kubeflow`, against a stand-in for the API of Kubeflow Pipelines, which the SDK's client reads, too."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from engines import EngineMissing, locate
from kubeflow_server import State, api_server
from pipec.compiler import compile

Run = Callable[..., CompletedProcess[str]]

PROGRAM = """\
from pipec.sdk import Schedule, pipeline, step


@step
def pay(amount: int, to: str, rate: float | None) -> int:
    return amount


@pipeline
def shop(amount: int = 2, to: str = "me", rate: float | None = None):
    \"\"\"Pays.\"\"\"
    pay(amount, to, rate)
"""


def scheduled(words: str) -> str:
    return f"{PROGRAM}\n\nif __name__ == '__main__':\n    shop.with_options(schedule=Schedule({words}))()\n"


NIGHTLY = scheduled("cron_expression='0 3 * * *'")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "nightly.py").write_text(NIGHTLY)
    return tmp_path


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def server(state: State) -> Iterator[str]:
    with api_server(state) as address:
        yield address


@pytest.fixture
def submit(pipec: Run, project: Path, server: str) -> Run:
    def submit(*words: str, file: str = "shop.py", **rest: Any) -> CompletedProcess[str]:
        return pipec("submit", file, "-t", "kubeflow", "--server", server, *words, cwd=project, **rest)

    return submit


def told(done: CompletedProcess[str]) -> list[str]:
    """What became of each object, by its kind."""
    assert done.returncode == 0, done.stderr
    return [f"{line.split()[0]} {line.split(': ', 1)[1]}" for line in done.stdout.splitlines()]


def test_the_spec_is_uploaded_and_a_run_is_started(submit: Run, state: State, project: Path) -> None:
    done = submit("-p", "amount=7", "-p", "rate=0.5", "--wait")
    assert told(done) == ["Pipeline created", "Version uploaded", "Run started", "Run succeeded"]
    (pipeline,), (version,), (run,) = (state.objects[kind] for kind in ("pipelines", "versions", "runs"))
    assert (pipeline["name"], pipeline["description"]) == ("shop", "Pays.")
    assert version["text"] == compile(project / "shop.py", "kubeflow").files[0].text
    assert run["pipeline_version_reference"] == {
        "pipeline_id": pipeline["pipeline_id"],
        "pipeline_version_id": version["pipeline_version_id"],
    }
    # What may be None travels as canonical text.
    assert run["runtime_config"] == {"parameters": {"amount": 7, "rate": "0.5"}}


def test_twice_is_once(submit: Run, state: State) -> None:
    state.page = 1
    first = submit("--run-name", "friday", "-p", "amount=3")
    assert told(first) == ["Pipeline created", "Version uploaded", "Run started"]
    again = submit("--run-name", "friday", "-p", "amount=3")
    assert told(again) == ["Pipeline is there already", "Version is there already", "Run is there already"]
    assert [len(found) for found in state.objects.values()] == [1, 1, 0, 1, 0]
    for words in (["-p", "amount=4"], [], ["-p", "amount=3", "-p", "to=you"]):
        other = submit("--run-name", "friday", *words)
        assert (other.returncode, other.stderr) == (
            1,
            "pipec: run friday is there, of another version or with other parameters: name another\n",
        )
    assert told(submit()) == ["Pipeline is there already", "Version is there already", "Run started"]


def test_a_changed_program_is_another_version(submit: Run, state: State, project: Path) -> None:
    submit("--apply-only")
    (project / "shop.py").write_text(PROGRAM.replace("return amount", "return amount + 1"))
    assert told(submit("--apply-only")) == ["Pipeline is there already", "Version uploaded"]
    assert len({each["name"] for each in state.objects["versions"]}) == 2
    assert not state.objects["runs"]


def test_a_schedule_is_created_kept_and_changed(submit: Run, state: State, project: Path) -> None:
    assert told(submit(file="nightly.py")) == ["Pipeline created", "Version uploaded", "RecurringRun created"]
    (made,) = state.objects["recurringruns"]
    assert made["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert (made["max_concurrency"], made["mode"], made["no_catchup"]) == (1, "ENABLE", True)
    assert told(submit(file="nightly.py"))[-1] == "RecurringRun unchanged"
    assert state.objects["recurringruns"] == [made]
    window = "cron_expression='0 3 * * *', end_time='2027-01-01T00:00:00+00:00', catchup=True"
    for words in (
        window,
        "cron_expression='0 3 * * *'",
        "interval_second=3600, start_time='2026-01-01T00:00:00+00:00'",
        "interval_second=60, start_time='2026-01-01T00:00:00+00:00'",
    ):
        (project / "nightly.py").write_text(scheduled(words))
        assert told(submit(file="nightly.py"))[-1] == "RecurringRun changed", words
        assert told(submit(file="nightly.py"))[-1] == "RecurringRun unchanged", words
        assert len(state.objects["recurringruns"]) == 1
    # Another version of the program, and other values of the run.
    (project / "nightly.py").write_text(
        scheduled("interval_second=60, start_time='2026-01-01T00:00:00+00:00'").replace("return amount", "return 1")
    )
    assert told(submit(file="nightly.py"))[1:] == ["Version uploaded", "RecurringRun changed"]
    assert told(submit("-p", "amount=9", file="nightly.py"))[-1] == "RecurringRun changed"
    assert told(submit(file="nightly.py"))[-1] == "RecurringRun changed"
    assert not state.objects["runs"]
    assert told(submit("--now", file="nightly.py"))[-2:] == ["RecurringRun unchanged", "Run started"]


def test_a_schedule_that_somebody_switched_off_stays_off(submit: Run, state: State, project: Path) -> None:
    submit(file="nightly.py")
    state.objects["recurringruns"][0]["mode"] = "DISABLE"
    assert told(submit(file="nightly.py"))[-1] == "RecurringRun unchanged, disabled"
    (project / "nightly.py").write_text(scheduled("cron_expression='0 4 * * *'"))
    assert told(submit(file="nightly.py"))[-1] == "RecurringRun changed, disabled"
    assert [each["mode"] for each in state.objects["recurringruns"]] == ["DISABLE"]


def test_a_schedule_of_another_pipeline_is_not_replaced_unasked(submit: Run, state: State) -> None:
    submit(file="nightly.py")
    state.objects["recurringruns"][0]["pipeline_version_reference"] = {"pipeline_id": "another"}
    refused = submit(file="nightly.py")
    assert (refused.returncode, refused.stderr) == (
        1,
        "pipec: recurring run shop is there, of another pipeline: `--force` replaces it\n",
    )
    assert told(submit("--force", file="nightly.py"))[-1] == "RecurringRun changed"
    assert len(state.objects["recurringruns"]) == 1


def test_an_answer_that_is_lost_makes_nothing_twice(submit: Run, state: State) -> None:
    state.away, state.lost = 1, 3
    assert told(submit()) == ["Pipeline created", "Version uploaded", "Run started"]
    assert [len(found) for found in state.objects.values()] == [1, 1, 0, 1, 0]


def test_a_namespace_has_its_own_experiment(submit: Run, state: State) -> None:
    state.is_shared = True
    refused = submit()
    assert refused.returncode == 1
    assert "A run cannot have an empty namespace in multi-user mode" in refused.stderr
    told(submit("-n", "team"))
    told(submit("-n", "team", file="nightly.py"))
    (experiment,) = state.objects["experiments"]
    assert (experiment["display_name"], experiment["namespace"]) == ("Default", "team")
    for kind in ("runs", "recurringruns"):
        assert [each["experiment_id"] for each in state.objects[kind]] == [experiment["experiment_id"]]


def test_a_run_that_fails_is_status_3(submit: Run, state: State) -> None:
    state.states = ["RUNNING", "FAILED"]
    done = submit("--wait", "--run-name", "friday")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "Run friday: failed: pod pay failed")


@pytest.mark.parametrize("value", ["{{workflow.name}}", "$(HOME)", "[[RunUUID]]"])
def test_text_that_the_cluster_would_change_is_refused(submit: Run, state: State, value: str) -> None:
    done = submit("-p", f"to={value}")
    assert done.returncode == 1
    assert "`to` cannot be given to Kubeflow" in done.stderr
    assert "--bind" in done.stderr
    assert not state.asked, "nothing was uploaded"


def test_who_asks_is_a_variable(submit: Run, state: State) -> None:
    state.token = "s3cret"
    refused = submit()
    assert refused.returncode == 1
    assert "refused with status 401" in refused.stderr
    assert told(submit(env={"PIPEC_TOKEN": "s3cret"}))[-1] == "Run started"


def test_the_address(pipec: Run, project: Path, server: str) -> None:
    missing = pipec("submit", "shop.py", "-t", "kubeflow", cwd=project)
    assert missing.returncode == 1
    assert "KF_PIPELINES_ENDPOINT" in missing.stderr
    found = pipec("submit", "shop.py", "-t", "kubeflow", cwd=project, env={"KF_PIPELINES_ENDPOINT": server})
    assert told(found)[-1] == "Run started"


def test_what_is_no_kubeflow_is_said(pipec: Run, project: Path) -> None:
    away = pipec("submit", "shop.py", "-t", "kubeflow", "--server", "http://127.0.0.1:9", cwd=project)
    assert away.returncode == 1
    assert "http://127.0.0.1:9 cannot be reached" in away.stderr


_CLIENT = """
import json, sys, kfp
client = kfp.Client(host=sys.argv[1])
pipeline = client.get_pipeline_id("shop")
versions = client.list_pipeline_versions(pipeline).pipeline_versions
recurring = client.list_recurring_runs().recurring_runs
runs = client.list_runs().runs
json.dump(
    {
        "versions": [each.pipeline_id == pipeline for each in versions],
        "recurring": [
            [each.display_name, each.trigger.cron_schedule.cron, each.mode, each.max_concurrency, each.no_catchup]
            for each in recurring
        ],
        "runs": [[each.display_name, each.runtime_config.parameters] for each in runs],
        "state": client.wait_for_run_completion(runs[0].run_id, 10, 0.1).state,
    },
    sys.stdout,
)
"""


def test_the_client_of_the_sdk_reads_the_same(submit: Run, server: str) -> None:
    """It holds the stand-in, too, to the shapes that the SDK's generated client takes."""
    told(submit("--now", "--run-name", "friday", "-p", "amount=3", file="nightly.py"))
    try:
        python = locate("kubeflow")
    except EngineMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    done = subprocess.run([python, "-c", _CLIENT, server], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "versions": [True],
        "recurring": [["shop", "0 0 3 * * *", "ENABLE", "1", True]],
        "runs": [["friday", {"amount": 3}]],
        "state": "SUCCEEDED",
    }
