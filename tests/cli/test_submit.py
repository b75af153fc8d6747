"""`pipec submit --target argo`, against a stand-in for the Kubernetes API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from kubernetes_server import State, api_server

Run = Callable[..., CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """\
from pipec.sdk import Schedule, pipeline, step


@step
def pay(amount: int, to: str) -> int:
    return amount


@pipeline
def shop(amount: int = 2, to: str = "me"):
    pay(amount, to)
"""
FROZEN = PROGRAM.replace('"me")', '"me", label: str = "pay")').replace("(amount, to)", "(amount, to, id=label)")
NIGHTLY = f"""{PROGRAM}

if __name__ == "__main__":
    shop.with_options(schedule=Schedule(cron_expression="0 3 * * *"))()
"""
ARGO = "/apis/argoproj.io/v1alpha1/namespaces/default"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "nightly.py").write_text(NIGHTLY)
    (tmp_path / "frozen.py").write_text(FROZEN)
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
        return pipec("submit", file, "-t", "argo", "--server", server, *words, cwd=project, **rest)

    return submit


def runs(state: State) -> list[dict[str, Any]]:
    return [one for path, one in state.objects.items() if "/workflows/" in path]


def test_objects_are_applied_and_a_run_is_started(submit: Run, state: State) -> None:
    done = submit("-p", "amount=7", "-p", "to={{workflow.name}} $$", "--wait")
    assert done.returncode == 0
    told = [line.split(": ", 1)[1] for line in done.stdout.splitlines()]
    kinds = [line.split()[0] for line in done.stdout.splitlines()]
    assert kinds == ["ConfigMap", "WorkflowTemplate", "Workflow", "Workflow"]
    assert told == ["created", "created", "started", "succeeded"]
    (run,) = runs(state)
    assert run["spec"] == {
        "workflowTemplateRef": {"name": "shop"},
        "arguments": {
            "parameters": [
                {"name": "amount", "value": "7"},
                {"name": "to", "value": '"{\\u007bworkflow.name}} \\u0024$"'},
            ]
        },
    }
    template = state.objects[f"{ARGO}/workflowtemplates/shop"]
    assert [one["name"] for one in template["spec"]["templates"]] == ["main", "pay"]
    assert template["spec"]["arguments"]["parameters"][0] == {"name": "amount", "value": "2"}


def test_twice_is_once(submit: Run, state: State) -> None:
    assert submit("--run-name", "friday", "-p", "amount=3").returncode == 0
    before = {path: one["metadata"]["resourceVersion"] for path, one in state.objects.items()}
    done = submit("--run-name", "friday", "-p", "amount=3")
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["unchanged", "unchanged", "is there already"]
    assert {path: one["metadata"]["resourceVersion"] for path, one in state.objects.items()} == before
    other = submit("--run-name", "friday", "-p", "amount=4")
    assert (other.returncode, other.stderr) == (
        1,
        "pipec: Workflow friday is there, of another template or with other parameters: name another\n",
    )


def test_a_changed_program_is_another_map_and_a_changed_template(submit: Run, state: State, project: Path) -> None:
    submit("--apply-only")
    (project / "shop.py").write_text(PROGRAM.replace("return amount", "return amount + 1").replace("= 2", "= 5"))
    done = submit("--apply-only")
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["created", "changed"]
    assert len([path for path in state.objects if "configmaps" in path]) == 2
    assert not runs(state)


def test_an_answer_that_is_lost_starts_no_second_run(submit: Run, state: State) -> None:
    state.away, state.lost = 1, 1
    done = submit()
    assert done.returncode == 0, done.stderr
    assert len(runs(state)) == 1
    assert len([one for one in state.asked if one.startswith("POST")]) == 2


def test_a_schedule_starts_no_run_unless_asked(submit: Run, state: State) -> None:
    assert submit(file="nightly.py").returncode == 0
    assert state.objects[f"{ARGO}/cronworkflows/shop"]["spec"]["schedules"] == ["0 3 * * *"]
    assert not runs(state)
    assert submit("--now", file="nightly.py").returncode == 0
    assert len(runs(state)) == 1


def test_a_run_that_fails_is_status_3(submit: Run, state: State) -> None:
    state.phases = ["Failed"]
    done = submit("--wait", "-q")
    assert done.returncode == 3
    assert done.stdout.endswith(": failed: child 'main.pay' failed\n")


def test_what_others_apply_is_taken_over_with_force_only(submit: Run, state: State) -> None:
    submit("--apply-only")
    state.managers[f"{ARGO}/workflowtemplates/shop"] = "argocd-controller"
    done = submit("--apply-only")
    assert done.returncode == 1
    assert 'conflict with "argocd-controller"' in done.stderr
    assert "or take it over with --force" in done.stderr
    assert submit("--apply-only", "--force").returncode == 0


def test_the_token_comes_from_the_environment(
    pipec: Run, project: Path, state: State, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.token = "s3cret"
    words = ("submit", "shop.py", "-t", "argo", "--server", server, "-n", "ml")
    assert "Unauthorized" in pipec(*words, cwd=project).stderr
    monkeypatch.setenv("PIPEC_TOKEN", "s3cret")
    assert pipec(*words, cwd=project).returncode == 0
    assert "/apis/argoproj.io/v1alpha1/namespaces/ml/workflowtemplates/shop" in state.objects


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("-p", "amount=x"), 1, "error[PC"),
        (("--run-name", "Friday"), 1, "`Friday` is no name of a Workflow"),
        (("-O", "namespace=a", "-n", "b"), 1, "the file is for namespace a"),
    ],
)
def test_what_is_refused_before_anything_is_sent(
    words: tuple[str, ...], status: int, message: str, submit: Run, state: State
) -> None:
    done = submit(*words)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert not state.objects


def test_a_fixed_parameter_is_not_one_of_the_run(submit: Run, state: State) -> None:
    done = submit("-p", "label=other", file="frozen.py")
    assert (done.returncode, "`label` is fixed when the pipeline is compiled: give it with --bind" in done.stderr) == (
        2,
        True,
    )
    assert not state.objects
    assert submit("--bind", "label=other", file="frozen.py").returncode == 0


def test_a_cluster_without_argo_says_so(submit: Run, state: State) -> None:
    state.has_argo = False
    done = submit()
    assert done.returncode == 1
    assert "404 page not found; is Argo Workflows installed in this cluster?" in done.stderr


def test_other_targets_and_no_server(pipec: Run, project: Path) -> None:
    done = pipec("submit", "shop.py", "-t", "airflow", cwd=project)
    assert (done.returncode, "nothing here submits the files of `airflow`" in done.stderr) == (1, True)
    done = pipec("submit", "shop.py", cwd=project)
    assert (done.returncode, "which target?" in done.stderr) == (2, True)
    done = pipec("submit", "shop.py", "-t", "argo", "--server", "http://127.0.0.1:1", "-q", cwd=project)
    assert (done.returncode, "cannot be reached" in done.stderr) == (1, True)


def test_the_configuration_of_kubectl(project: Path, state: State, server: str, require_engine: Any) -> None:
    """In the one environment that has the `kubernetes` package: that of kfp."""
    state.token = "from-the-file"
    config = project / "kubeconfig"
    user = {"name": "me", "user": {"token": "from-the-file"}}
    context = {"name": "here", "context": {"cluster": "c", "user": "me", "namespace": "team"}}
    cluster = {"name": "c", "cluster": {"server": server}}
    document = {"apiVersion": "v1", "kind": "Config", "current-context": "here", "clusters": [cluster]}
    config.write_text(json.dumps({**document, "contexts": [context], "users": [user]}))
    roots = [str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime")]
    code = f"import sys; sys.path[:0] = {roots!r}; from pipec.compiler.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [str(require_engine("kubeflow")), "-c", code, "submit", "shop.py", "-t", "argo"]
    environment = {**os.environ, "KUBECONFIG": str(config)}
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "/apis/argoproj.io/v1alpha1/namespaces/team/workflowtemplates/shop" in state.objects
    # Without the package the way out is said.
    words[0] = sys.executable
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "install `pipec[argo]`, or give --server" in done.stderr
