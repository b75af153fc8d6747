"""Hooks around a step and around a run; retries, time-outs, secrets: what surrounds the user's function."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from step_process import Ended, StepRunner

STEPS = '''
from __future__ import annotations

import os, pathlib, signal, subprocess, sys, time

from zenml import get_step_context, log_metadata, step


class Odd(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{reason} ({code})")
        self.code = code


def say(text):
    print(text, flush=True)

def started(): say("start")
def ended(exception=None): say(f"end {exception!r}")
def succeeded():
    log_metadata({"late": 1}, infer_artifact=True)
    say(f"success of {get_step_context().step_name}")
async def failed(exception): say(f"failure {type(exception).__name__}: {exception}")
def breaks(): raise KeyError("hook")


@step
def good() -> int:
    say("body")
    return 1

@step
def bad() -> int:
    say("body")
    raise Odd(7, "no rows")

@step
def wrong() -> int:
    return "text"

@step
def exits() -> None:
    sys.exit(3)


def init(name: str, n: int = 1):
    say(f"init {name}")
    return {"name": name, "n": n}

def init_fails():
    raise ValueError("no database")

def cleanup():
    say("cleanup")

def run_failed(exception):
    import traceback
    say(f"run failed: {type(exception).__module__}.{type(exception).__name__}: {exception}")
    if hasattr(exception, "code"):
        say(f"code {exception.code}")

def run_ended(exception=None):
    say(f"run ended: {exception!r}")

def reports():
    say(f"{get_step_context().pipeline_run.name} in {get_step_context().pipeline.name}")


@step
def reads_state() -> dict:
    return get_step_context().pipeline_state


@step
def flaky(place: str, fails: int) -> int:
    file = pathlib.Path(place)
    count = len(file.read_text()) if file.exists() else 0
    file.write_text("x" * (count + 1))
    say(f"attempt {get_step_context().step_run.attempt}")
    if count < fails:
        raise OSError(f"try {count}")
    return count

seen = []

@step
def remembers() -> int:
    seen.append(1)
    if get_step_context().step_run.attempt < 3:
        os._exit(9) if get_step_context().step_run.attempt == 1 else os.kill(os.getpid(), signal.SIGSEGV)
    return len(seen)

@step
def sleeps(place: str) -> int:
    """Its grandchild ignores SIGTERM and would write a mark."""
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(2); open({place!r}, 'w')"
    subprocess.Popen([sys.executable, "-c", code])
    say("sleeping")
    time.sleep(60)

@step
def environment(names: list[str]) -> dict:
    return {name: os.environ.get(name) for name in names}
'''

HOOKS = {
    "on_start": {"function": "steps:started"},
    "on_end": {"function": "steps:ended", "takes_exception": True},
    "on_success": {"function": "steps:succeeded"},
    "on_failure": {"function": "steps:failed", "takes_exception": True},
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> StepRunner:
    return StepRunner(tmp_path_factory.mktemp("hooks"), steps=STEPS)


def hook(runner: StepRunner, function: str, name: str, takes_exception: bool = False, **entries: Any) -> Ended:
    spec = {"hook": {"name": name, "takes_exception": takes_exception}, "outputs": {}, **entries.pop("spec", {})}
    return runner.run(f"steps:{function}", spec=spec, step=name, **entries)


@pytest.mark.parametrize(
    ("step", "attempt", "status", "out"),
    [
        ("good", 1, 0, ["start", "body", "end None", "success of s"]),
        ("bad", 1, 1, ["start", "body", "end Odd('no rows (7)')"]),
        ("bad", 2, 1, ["start", "body", "end Odd('no rows (7)')", "failure Odd: no rows (7)"]),
        ("exits", 2, 1, ["start", "end SystemExit(3)", "failure SystemExit: 3"]),
    ],
)
def test_hooks_of_a_step(runner: StepRunner, step: str, attempt: int, status: int, out: list[str]) -> None:
    ended = runner.run(f"steps:{step}", "output", attempt=attempt, spec={"hooks": HOOKS, "attempts": 2})
    assert ended.status == status
    assert ended.out.splitlines() == out
    if step == "good":
        manifest = json.loads((runner.place("output") / "manifest.json").read_text())
        assert manifest["metadata"] == {"late": 1}


def test_an_output_that_does_not_fit_is_a_failure_too(runner: StepRunner) -> None:
    ended = runner.run("steps:wrong", "output", spec={"hooks": HOOKS})
    message = "step `s`, output `output`: expected int, got str 'text'"
    assert ended.status == 4
    assert ended.out.splitlines() == ["start", f"end OutputFault({message!r})", f"failure OutputFault: {message}"]


@pytest.mark.parametrize("name", ["on_start", "on_end", "on_success", "on_failure"])
def test_a_hook_that_fails_changes_nothing(runner: StepRunner, name: str) -> None:
    hooks = {**HOOKS, name: {"function": "steps:breaks"}}
    step, status = ("bad", 1) if name == "on_failure" else ("good", 0)
    ended = runner.run(f"steps:{step}", "output", spec={"hooks": hooks})
    assert ended.status == status
    assert f"pipec: the hook {name} failed; the step goes on" in ended.err
    assert "KeyError: 'hook'" in ended.err
    assert ended.record["state"] == ("failed" if status else "succeeded")


def test_the_state_of_a_pipeline(runner: StepRunner) -> None:
    results = {"state": {"artifact": str(runner.folder / "state")}}
    spec = {"values": {"name": "db"}, "outputs": {"state": {"carrier": "artifact"}}}
    ended = hook(runner, "init", "on_init", spec=spec, results=results)
    assert (ended.status, ended.out) == (0, "init db\n")
    state = {"artifact": results["state"]["artifact"], "digest": ended.record["outputs"]["state"]["digest"]}
    assert runner.run("steps:reads_state", "output", state=state).status == 0
    assert json.loads((runner.place("output") / "data.json").read_text()) == {"name": "db", "n": 1}
    assert runner.run("steps:reads_state", "output", state={"json": '{"a": 2}'}).status == 0
    assert json.loads((runner.place("output") / "data.json").read_text()) == {"a": 2}


def test_on_init_may_fail_the_run_and_others_may_not(runner: StepRunner) -> None:
    ended = hook(runner, "init_fails", "on_init")
    assert (ended.status, ended.error["type"], ended.error["message"]) == (1, "ValueError", "no database")
    ended = hook(runner, "init_fails", "on_cleanup")
    assert ended.status == 0
    assert "pipec: the hook on_cleanup failed; that does not change the run" in ended.err
    assert ended.record["state"] == "failed"
    # What a hook returns is nobody's, unless it is the state.
    assert hook(runner, "init", "on_success", spec={"values": {"name": "x"}}).status == 0


def test_on_failure_gets_the_exception_of_the_first_step_that_failed(runner: StepRunner, tmp_path: Path) -> None:
    runner.run("steps:exits", step="other")
    documents = [tmp_path / "missing.json", tmp_path / "bad.json", tmp_path / "exits.json"]
    documents[2].write_text(json.dumps(runner.run("steps:exits", step="other").error))
    error = runner.run("steps:bad", "output", step="train").error
    documents[1].write_text(json.dumps(error))
    failures = [str(each) for each in documents]
    # Its own class: the constructor wants other arguments than the exception keeps, so it is made without it.
    assert (error["class"], error["args"]) == ("steps:Odd", ["no rows (7)"])
    ended = hook(runner, "run_failed", "on_failure", True, failures=failures)
    assert ended.out == "run failed: steps.Odd: no rows (7)\n"
    # A class that cannot be imported, and an engine that knows a message alone.
    for unknown in ({**error, "class": "nowhere:Odd"}, {key: error[key] for key in ("step", "type", "message")}):
        ended = hook(runner, "run_failed", "on_failure", True, failures=[unknown])
        assert ended.out == "run failed: pipec.sdk.exceptions.StepFailed: step `train` failed: steps.Odd: no rows (7)\n"
    # No class that is no exception is ever called.
    ended = hook(runner, "run_failed", "on_failure", True, failures=[{**error, "class": "os:mkdir", "args": ["/x"]}])
    assert "StepFailed" in ended.out
    ended = hook(runner, "run_failed", "on_failure", True, failures=[str(documents[0])])
    assert ended.out.endswith("step `?` failed: unknown: the step left no error document\n")
    assert hook(runner, "run_ended", "on_end", True).out == "run ended: None\n"
    assert hook(runner, "cleanup", "on_cleanup").out == "cleanup\n"
    assert hook(runner, "reports", "on_success", run_name="nightly").out == "nightly in p\n"


def test_retries(runner: StepRunner, tmp_path: Path) -> None:
    values = {"place": str(tmp_path / "count"), "fails": 2}
    retry = {"max_retries": 3, "delay": 0.05, "backoff": 2}
    began = time.monotonic()
    ended = runner.run("steps:flaky", "output", spec={"values": values, "hooks": HOOKS}, retry=retry)
    assert ended.status == 0
    assert time.monotonic() - began > 0.15
    assert ended.out.splitlines() == [
        *("start", "attempt 1", "end OSError('try 0')", "start", "attempt 2", "end OSError('try 1')"),
        *("start", "attempt 3", "end None", "success of s"),
    ]
    assert "pipec: attempt 1 of step `s` failed; again in 0.05 s" in ended.err
    assert "pipec: attempt 2 of step `s` failed; again in 0.1 s" in ended.err
    assert ended.record["attempt"] == 3


def test_retries_that_run_out(runner: StepRunner, tmp_path: Path) -> None:
    values = {"place": str(tmp_path / "count"), "fails": 9}
    ended = runner.run("steps:flaky", "output", spec={"values": values, "hooks": HOOKS}, retry={"max_retries": 1})
    assert ended.status == 1
    assert [line for line in ended.out.splitlines() if "failure" in line] == ["failure OSError: try 1"]
    assert (ended.error["attempt"], ended.error["message"]) == (2, "try 1")


def test_each_attempt_has_a_process_of_its_own(runner: StepRunner) -> None:
    ended = runner.run("steps:remembers", "output", retry={"max_retries": 2})
    assert ended.status == 0
    assert json.loads((runner.place("output") / "data.json").read_text()) == 1
    assert "the process of the step ended by signal 11" in ended.err


def test_a_wrong_invocation_is_not_tried_again(runner: StepRunner) -> None:
    ended = runner.run("steps:nothing_like_it", retry={"max_retries": 5, "delay": 30})
    assert ended.status == 2
    assert "again in" not in ended.err


def test_a_time_out_ends_everything_that_the_step_has_started(runner: StepRunner, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    began = time.monotonic()
    ended = runner.run("steps:sleeps", "output", spec={"values": {"place": str(mark)}}, timeout=0.7)
    assert time.monotonic() - began < 5
    assert (ended.status, ended.out) == (1, "sleeping\n")
    assert ended.err == "pipec: step `s`: the step did not end within 0.7 s\n"
    assert (ended.error["type"], ended.error["status"]) == ("TimeoutError", 1)
    time.sleep(2.5)
    assert not mark.exists()


def test_the_end_of_the_runtime_ends_the_step(runner: StepRunner, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    document = runner.document("steps:sleeps", "output", spec={"values": {"place": str(mark)}}, timeout=60)
    command = [sys.executable, "-I", str(runner.root), "run", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(document).encode())
        process.stdin.close()
        assert process.stdout.readline() == b"sleeping\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    time.sleep(2.5)
    assert not mark.exists()


def test_secrets_and_variables(runner: StepRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text('{"A": "1", "N": 5, "BOTH": "file"}')
    (tmp_path / "b.env").write_text("# comment\nexport B=two words # more\nQ=\"a\\nb\"\nS='$x'\nBOTH=dotenv\n")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/C").write_text("three\n")
    (tmp_path / "c/..data").write_text("links")
    monkeypatch.setenv("SECRET_D_D", "four")
    monkeypatch.setenv("GONE", "x")
    secrets = [
        {"name": "a", "file": str(tmp_path / "a.json")},
        {"name": "b", "file": str(tmp_path / "b.env")},
        {"name": "c", "folder": str(tmp_path / "c")},
        {"name": "d", "prefix": "SECRET_D_"},
    ]
    names = ["A", "N", "B", "Q", "S", "C", "D", "BOTH", "GIVEN", "GONE"]
    entries = {"secrets": secrets, "environment": {"GIVEN": "g", "GONE": None}}
    assert runner.run("steps:environment", "output", spec={"values": {"names": names}}, **entries).status == 0
    assert json.loads((runner.place("output") / "data.json").read_text()) == {
        **{"A": "1", "N": "5", "B": "two words", "Q": "a\nb", "S": "$x", "C": "three\n", "D": "four"},
        **{"BOTH": "dotenv", "GIVEN": "g", "GONE": None},
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the secret `db` cannot be read: No such file or directory"),
        ("hunter2", "the secret `db` cannot be read: neither a JSON object nor lines `KEY=value`"),
        ('{"a": hunter2}', "the secret `db` cannot be read: neither a JSON object nor lines `KEY=value`"),
    ],
)
def test_a_secret_that_is_not_there(runner: StepRunner, tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "db").write_text(content)
    ended = runner.run("steps:good", "output", secrets=[{"name": "db", "file": str(tmp_path / "db")}])
    assert (ended.status, ended.err) == (2, f"pipec: {words}\n")
    assert "hunter2" not in ended.err
    ended = runner.run("steps:good", "output", secrets=[{"name": "db", "prefix": f"NOBODY_{os.getpid()}_"}])
    assert (ended.status, ended.err) == (
        2,
        f"pipec: the secret `db` is not there: no variable begins with NOBODY_{os.getpid()}_\n",
    )


def test_the_users_modules_may_be_called_like_the_standard_librarys(tmp_path: Path) -> None:
    names = ("tempfile", "signal", "dataclasses", "hashlib", "shutil", "traceback", "inspect", "random")
    modules = {name: "own = True\n" for name in names}
    imports = "".join(f"import {name}\nassert {name}.own\n" for name in names)
    step = "\ndef f():\n    from zenml import save_artifact\n    return save_artifact(1, 'a').load()\ndef hook(): ...\n"
    runner = StepRunner(tmp_path, steps=imports + step, **modules)
    spec = {
        "hooks": {"on_start": {"function": "steps:hook"}, "on_failure": {"function": "steps:hook"}},
        "cache": {"digest": "sha256:x"},
    }
    entries = {"artifact_root": str(tmp_path / "store"), "retry": {"max_retries": 1}, "timeout": 30}
    ended = runner.run("steps:f", "output", spec=spec, **entries)
    assert (ended.status, ended.err) == (0, "")
    assert ended.record["registered"] == ["a@1"]
