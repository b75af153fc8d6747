"""Each step is a process: what it does to itself, it does to nobody else."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ir_builders import Builder, const
from local_runs import Project
from pipec.backends.local.processes import Surroundings
from pipec.compiler.ir.config import Config, Retry
from pipec.compiler.ir.types import ANY, STR
from pipec.compiler.ir.values import Lazy, ListOf


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(params=[True, False], ids=["fork", "spawn"])
def is_forking(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_step_that_dies_fails_alone(project: Project, is_forking: bool) -> None:
    b = Builder()
    program = b.pipeline(
        b.call("boom", x=const(1)),
        b.call("exit_hard"),
        b.call("exit_softly"),
        b.call("segfault"),
        b.call("out_of_memory"),
        b.call("load"),
        outputs={"l": b.out("load")},
    )
    result = project.run(program, is_forking=is_forking)
    assert (result.state, result.outputs) == ("failed", {"l": 5})
    assert {each.instance: each.message for each in result.failures} == {
        "boom": "ValueError: no 1",
        "exit_hard": "its process ended with status 7 and without a word",
        "exit_softly": "SystemExit: bye",
        "segfault": "its process was killed by SIGSEGV",
        "out_of_memory": "its process was killed by SIGKILL (out of memory?)",
    }
    failed = {each.instance: each for each in result.failures}
    assert failed["boom"].error["file"] == "steps.py"
    assert "pipec" not in failed["boom"].error["traceback"]


def test_no_state_passes_from_step_to_step(project: Project, is_forking: bool) -> None:
    b = Builder()
    program = b.pipeline(
        b.call("leave_state", x=const(1)),
        b.call("leave_state_2", step="leave_state", x=const(2), after=["leave_state"]),
        b.call("see_state", after=["leave_state_2"]),
        outputs={"left": b.out("leave_state"), "again": b.out("leave_state_2"), "seen": b.out("see_state")},
    )
    result = project.run(program, is_forking=is_forking)
    assert result.outputs == {"left": 1, "again": 1, "seen": [[], None, "project", False]}


def test_steps_draw_different_numbers(project: Project) -> None:
    b = Builder()
    calls = [b.call(f"draw_{n}", step="draw", x=const(n)) for n in range(1, 5)]
    drawn = ListOf(tuple(b.out(call.id) for call in calls), ANY)
    assert len(set(project.run(b.pipeline(*calls, outputs={"d": drawn})).outputs["d"])) == 4


def test_a_seed_that_a_module_sets_holds_in_every_step(project: Project) -> None:
    (project.folder / "steps.py").write_text(
        "import random\nrandom.seed(7)\ndef draw(x):\n    return random.random()\n"
    )
    import random

    b = Builder()
    calls = [b.call(f"draw_{n}", step="draw", x=const(n)) for n in range(1, 4)]
    drawn = ListOf(tuple(b.out(call.id) for call in calls), ANY)
    assert project.run(b.pipeline(*calls, outputs={"d": drawn})).outputs["d"] == [random.Random(7).random()] * 3


def test_numpy_is_seeded_by_chance_or_by_the_module(project: Project) -> None:
    pytest.importorskip("numpy")
    source = "import numpy as np\n{}\ndef draw(x):\n    return float(np.random.rand())\n"
    different: list[int] = []
    for seeding in ("", "np.random.seed(3)"):
        (project.folder / "steps.py").write_text(source.format(seeding))
        b = Builder()
        calls = [b.call(f"draw_{n}", step="draw", x=const(n)) for n in range(1, 4)]
        drawn = ListOf(tuple(b.out(call.id) for call in calls), ANY)
        different.append(len(set(project.run(b.pipeline(*calls, outputs={"d": drawn})).outputs["d"])))
    assert different == [3, 1]


def test_modules_that_cannot_be_imported_ahead(project: Project, is_forking: bool) -> None:
    """One raises, one ends its process, one starts a thread, one prints: as in a process of the step's own."""
    texts = {
        "raising": "raise RuntimeError('at import')\ndef f():\n    return 1\n",
        "ending": "import os\nos._exit(5)\ndef f():\n    return 1\n",
        "threads": "import threading, time\nt = threading.Thread(target=time.sleep, args=(0.3,))\nt.start()\n"
        "def f():\n    return t.is_alive()\n",
        "printing": "print('imported')\ndef f():\n    print('called')\n    return 1\n",
    }
    for name, text in texts.items():
        (project.folder / f"{name}.py").write_text(text)
    b = Builder()
    b.step("f", "", "output: Any")
    from pipec.compiler.record import replace

    step = b.steps["steps:f"]
    calls = []
    for name in texts:
        b.steps[f"{name}:f"] = replace(step, symbol=f"{name}:f", name=name)
        calls.append(replace(b.call(name, step="f"), step=f"{name}:f"))
    calls.append(replace(b.call("printing_2", step="f"), step="printing:f"))
    result = project.run(b.pipeline(*calls, outputs={"t": b.out("threads")}), is_forking=is_forking)
    assert {each.instance: each.message for each in result.failures} == {
        "raising": "RuntimeError: at import",
        "ending": "its process ended with status 5 and without a word",
    }
    assert result.outputs == {"t": True}
    for instance in ("printing", "printing_2"):
        assert project.log(result, instance) == "imported\ncalled\n"


def test_a_module_may_be_called_like_one_of_the_standard_library(project: Project, is_forking: bool) -> None:
    (project.folder / "profile.py").write_text("def mine():\n    return 'mine'\n")
    (project.folder / "steps.py").write_text("import profile\ndef load():\n    return profile.mine()\n")
    b = Builder()
    result = project.run(b.pipeline(b.call("load"), outputs={"l": b.out("load")}), is_forking=is_forking)
    assert result.outputs == {"l": "mine"}


def test_zenml_is_answered(project: Project) -> None:
    text = "from zenml import step, get_step_context\n@step\ndef load():\n    return get_step_context().step_run.name\n"
    (project.folder / "steps.py").write_text(text)
    b = Builder()
    assert project.run(b.pipeline(b.call("load"), outputs={"l": b.out("load")})).outputs == {"l": "load"}


def test_a_step_that_takes_too_long_is_killed_with_its_children(
    project: Project, tmp_path: Path, is_forking: bool
) -> None:
    note = tmp_path / "note"
    b = Builder()
    program = b.pipeline(
        b.call("sleep_with_child", seconds=const(1.5), note=const(str(note)), config=Config(timeout=0.5)),
        b.call("load"),
    )
    started = time.monotonic()
    result = project.run(program, is_forking=is_forking)
    assert time.monotonic() - started < 1.4
    assert result.operations == {"sleep_with_child": "failed", "load": "succeeded"}
    assert result.failures[0].message == "it took longer than 0.5 seconds"
    time.sleep(1.3)
    assert not note.exists()


def test_an_import_that_never_ends_is_killed(project: Project) -> None:
    (project.folder / "endless.py").write_text("import time\ntime.sleep(60)\ndef f():\n    return 1\n")
    b = Builder()
    b.step("f", "", "output: Any")
    from pipec.compiler.record import replace

    b.steps["endless:f"] = replace(b.steps["steps:f"], symbol="endless:f")
    call = replace(b.call("f", config=Config(timeout=0.5)), step="endless:f")
    started = time.monotonic()
    result = project.run(b.pipeline(call, b.call("load")))
    assert time.monotonic() - started < 10
    assert result.operations == {"f": "failed", "load": "succeeded"}
    assert result.failures[0].message == "it took longer than 0.5 seconds"


def test_what_a_step_leaves_behind_ends_with_it(project: Project, tmp_path: Path) -> None:
    note = tmp_path / "note"
    b = Builder()
    result = project.run(b.pipeline(b.call("leave_child", seconds=const(0.4), note=const(str(note)))))
    assert result.state == "succeeded"
    time.sleep(0.6)
    assert not note.exists()


def test_a_run_that_takes_too_long_is_stopped(project: Project) -> None:
    b = Builder()
    program = b.pipeline(
        b.call("sleep", seconds=const(30)), b.call("same", x=b.out("sleep")), config=Config(timeout=0.6)
    )
    started = time.monotonic()
    result = project.run(program)
    assert time.monotonic() - started < 10
    assert (result.state, result.message) == ("failed", "the run took longer than 0.6 seconds")
    assert result.operations == {"sleep": "stopped", "same": "not_run"}


def test_attempts_follow_with_delay_and_back_off(project: Project, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    b = Builder()
    config = Config(retry=Retry(3, 0.2, 2.0))
    program = b.pipeline(
        b.call("flaky", marks=const(str(marks)), good_at=const(3), config=config), outputs={"n": b.out("flaky")}
    )
    result = project.run(program)
    assert (result.state, result.outputs) == ("succeeded", {"n": 3})
    first, second, third = map(float, marks.read_text().split())
    assert 0.2 <= second - first < 0.4 <= third - second
    assert (Path(result.folder) / "flaky/1/error.json").exists()
    assert (Path(result.folder) / "flaky/3/record.json").exists()


def test_attempts_end(project: Project, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    b = Builder()
    program = b.pipeline(b.call("flaky", marks=const(str(marks)), good_at=const(9), config=Config(retry=Retry(2))))
    result = project.run(program)
    assert result.state == "failed"
    assert result.failures[0].message == "RuntimeError: attempt 3"
    assert len(marks.read_text().split()) == 3


def test_environment_and_secrets_reach_those_that_ask(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_HERE", "here")
    b = Builder()
    lookup = Lazy("environment", {"name": "FROM_HERE"}, STR)
    mine = Config(environment={"MODE": "$(x) {{y}}", "OTHER": lookup}, secrets=("keys",))
    calls = [
        b.call(f"variable_{n}", step="variable", name=const(name), config=config)
        for n, (name, config) in enumerate(
            [("MODE", mine), ("OTHER", mine), ("TOKEN", mine), ("TOKEN", Config()), ("MODE", Config())], 1
        )
    ]
    program = b.pipeline(*calls, outputs={"v": ListOf(tuple(b.out(call.id) for call in calls), ANY)})
    surroundings = Surroundings(secrets={"keys": {"TOKEN": "s3cret"}, "others": {"X": "1"}})
    result = project.run(program, surroundings=surroundings)
    assert result.outputs["v"] == ["$(x) {{y}}", "here", "s3cret", None, None]
    monkeypatch.delenv("FROM_HERE")
    result = project.run(program, surroundings=surroundings)
    assert result.failures[0].message == (
        "no process can be started: `OTHER` of its environment is `FROM_HERE` of yours, which is not set"
    )


def test_a_secret_that_nobody_gives_stops_the_run_before_it_starts(project: Project) -> None:
    from pipec.backends.local import CannotRun

    b = Builder()
    program = b.pipeline(b.call("load", config=Config(secrets=("keys",))))
    with pytest.raises(CannotRun) as refused:
        project.run(program)
    assert [each.code for each in refused.value.diagnostics] == ["PC0705"]


def test_an_interpreter_that_is_not_there_fails_its_steps(project: Project) -> None:
    b = Builder()
    surroundings = Surroundings(pythons={"load": "/nowhere/python"})
    result = project.run(b.pipeline(b.call("load"), b.call("names")), surroundings=surroundings)
    assert result.operations == {"load": "failed", "names": "succeeded"}
    assert "/nowhere/python" in result.failures[0].message


def test_another_interpreter(project: Project) -> None:
    (project.folder / "steps.py").write_text("import sys\ndef load():\n    return sys.executable\n")
    b = Builder()
    other = os.path.realpath(sys.executable)
    surroundings = Surroundings(pythons={"*": other})
    result = project.run(b.pipeline(b.call("load"), outputs={"l": b.out("load")}), surroundings=surroundings)
    assert result.outputs == {"l": other}


def test_what_a_step_prints_is_kept(project: Project, is_forking: bool) -> None:
    b = Builder()
    result = project.run(b.pipeline(b.call("speak", text=const("héllo 🙂"))), is_forking=is_forking)
    assert project.log(result, "speak") == "héllo 🙂\nto stderr\n"
