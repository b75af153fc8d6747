"""`pipec lsp` as an editor sees it: a real client in a real session over standard input and output."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol.types import DiagnosticSeverity

from editor import Editor

ROOT = Path(__file__).parents[2]

MAIN = '''"""A pipeline; ü and 𝄞 shift what editors count."""

from pipec.sdk import pipeline, step

from lib.steps import load, train


@step
def report(score: float) -> None:
    print(score)


@pipeline
def training(path: str = "a.csv", retries: int = 2, rate: float = 0.1):
    """Trains."""
    rows, count = load(path)
    first = train(rows, rate)
    """ü𝄞"""; second = train(rows, 0.2)
    more = [train.with_options(retry={"max_retries": retries})(rows, lr) for lr in (0.3, 0.4)]
    report(second, after=["train_2"])
    return first
'''
STEPS = '''from typing import Annotated

from pipec.sdk import step


@step
def load(path: str) -> tuple[Annotated[list[int], "rows"], Annotated[int, "count"]]:
    """Reads the rows."""
    return [1], 1


@step
def train(rows: list[int], rate: float = 0.5) -> float:
    """Trains on the rows."""
    return rate
'''
RUN = """parameters:
  rate: 0.3
steps:
  train:
    parameters:
      rate: 0.4
    enable_cache: false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.pipec]\nsources = ["main.py"]\ntarget = "argo"\n')
    (tmp_path / "main.py").write_text(MAIN, encoding="utf-8")
    (tmp_path / "lib/steps.py").write_text(STEPS)
    (tmp_path / "run.yaml").write_text(RUN)
    return tmp_path


def session(folder: Path, talk: Callable[[Editor], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Editor(folder) as editor:
            await asyncio.wait_for(talk(editor), 60)

    asyncio.run(run())


def test_diagnostics_come_and_go_as_one_types(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        opened = await editor.open("main.py")
        assert [(one.code, one.severity) for one in opened] == [("PC0317", DiagnosticSeverity.Warning)]
        wrong = await editor.type("main.py", "    report(second", "    report(secnd")
        (error,) = [one for one in wrong if one.severity == DiagnosticSeverity.Error]
        assert (error.code, error.source) == ("PC0201", "pipec")
        assert error.message == "`secnd` is not defined\nhelp: did you mean `second`?"
        line = editor.texts["main.py"].split("\n")[error.range.start.line]
        assert line[error.range.start.character : error.range.end.character] == "secnd"
        broken = await editor.type("main.py", "    report(secnd", "    report(")
        assert {one.code for one in broken} & {"PC0301", "PC0101"}
        mended = await editor.type("main.py", "    report(", "    report(second")
        assert not [one for one in mended if one.severity == DiagnosticSeverity.Error]
        # Nothing was saved, and nothing was written.
        assert (folder / "main.py").read_text(encoding="utf-8") == MAIN

    session(folder, talk)


def test_an_unsaved_step_is_checked_where_the_pipeline_calls_it(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        await editor.open("main.py")
        await editor.open("lib/steps.py")
        await editor.type("lib/steps.py", "rows: list[int], rate", "table: list[int], rate")
        errors = [one for one in editor.diagnostics.get("main.py", []) if one.severity == DiagnosticSeverity.Error]
        assert errors == [], "positional arguments do not care"
        await editor.type("lib/steps.py", "def train(", "def trian(")
        (error,) = [one for one in editor.diagnostics.get("main.py", []) if one.severity == DiagnosticSeverity.Error][
            :1
        ]
        assert error.code == "PC0202"
        await editor.type("lib/steps.py", "def trian(", "def train(")
        assert not [one for one in editor.diagnostics.get("main.py", []) if one.severity == DiagnosticSeverity.Error]

    session(folder, talk)


def test_hover_tells_type_id_and_carrier(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        await editor.open("main.py")
        await editor.open("lib/steps.py")
        load = await editor.hover("main.py", "load(path)")
        assert load is not None
        assert load.startswith("id `load`\n\n```python\nload(path: str)\n```\nstep `lib.steps:load`\n")
        assert "- `rows: list[int]`, travels as artifact\n- `count: int`, travels as parameter" in load
        assert load.endswith("Reads the rows.")
        assert (
            await editor.hover("main.py", "rows, rate)") == "`rows`: `rows: list[int]`, travels as artifact of `load`"
        )
        assert (await editor.hover("main.py", "second, after")) == (
            "`second`: `output: float`, travels as parameter of `train_2`"
        )
        assert await editor.hover("main.py", "rate: float") == "run parameter `rate: float = 0.1`"
        frozen = await editor.hover("main.py", "retries: int")
        assert frozen == "`retries = 2`, fixed when the pipeline is compiled: no run can set it"
        unrolled = await editor.hover("main.py", "train.with_options")
        assert unrolled is not None
        assert unrolled.startswith("id `train_3`, `train_4`\n")
        step = await editor.hover("lib/steps.py", "train(rows")
        assert step is not None
        assert "Called as `train`, `train_2`, `train_3`, `train_4` in `training`" in step
        assert await editor.hover("main.py", "from pipec") is None

    session(folder, talk)


def test_definitions_of_steps_ids_parameters_and_yaml_keys(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        await editor.open("main.py")
        await editor.open("run.yaml")
        assert await editor.definition("main.py", "train(rows, 0.2") == "lib/steps.py:13: def train"
        assert await editor.definition("main.py", '"train_2"', 3) == "main.py:18: train(rows, 0.2)"
        assert await editor.definition("main.py", "rate)\n", 1) == "main.py:14: rate: float"
        assert await editor.definition("run.yaml", "train:", 2) == "lib/steps.py:13: def train"
        assert await editor.definition("run.yaml", "rate: 0.3", 1) == "main.py:14: rate: float"
        assert await editor.definition("run.yaml", "rate: 0.4", 1) == "lib/steps.py:13: rate: float"
        assert await editor.definition("run.yaml", "enable_cache", 1) is None

    session(folder, talk)


def test_inlay_hints_show_what_is_frozen_and_ids(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        await editor.open("main.py")
        assert await editor.hints("main.py") == [
            (14, " fixed: 2"),
            (18, " id: train_2"),
            (19, " id: train_3, train_4"),
        ]

    session(folder, talk)


def test_fixes_are_offered(folder: Path) -> None:
    async def talk(editor: Editor) -> None:
        await editor.open("main.py")
        await editor.type("main.py", "train(rows, rate)", "trian(rows, rate)")
        actions = await editor.actions("main.py", "trian(rows")
        assert actions["Replace `trian` with `train`"] == editor.texts["main.py"].replace("trian", "train")
        await editor.type("main.py", "trian(rows, rate)", "train(rows, rte=rate)")
        actions = await editor.actions("main.py", "rte=rate")
        assert actions["Replace `rte` with `rate`"] == editor.texts["main.py"].replace("rte=", "rate=")

    session(folder, talk)


def test_a_removed_api_is_rewritten(folder: Path) -> None:
    old = "from zenml.steps import Output, step\nfrom zenml import pipeline\n\n\n@step()\n"
    old += (
        "def split(x: int) -> Output(train=int, test=int):\n    return x, x\n\n\n@pipeline\ndef main():\n    split(1)\n"
    )
    (folder / "main.py").write_text(old)

    async def talk(editor: Editor) -> None:
        assert "PC0212" in {one.code for one in await editor.open("main.py")}
        actions = await editor.actions("main.py", "zenml.steps")
        actions |= await editor.actions("main.py", "Output(train")
        new = actions["Rewrite what ZenML removed in this file"]
        assert 'tuple[Annotated[int, "train"], Annotated[int, "test"]]' in new
        assert "zenml.steps" not in new

    session(folder, talk)


def test_what_the_projects_target_refuses_is_shown_when_nothing_is_typed(folder: Path) -> None:
    text = "from pipec.sdk import ExecutionMode, pipeline, step\n@step\ndef s(x: int) -> int:\n    return x\n"
    text += "@pipeline(execution_mode=ExecutionMode.FAIL_FAST)\ndef p():\n    x = s(1)\n    if x > 0:\n        x = s(2)\n    s(x)\n"
    (folder / "main.py").write_text(text)
    (folder / "pyproject.toml").write_text('[tool.pipec]\nsources = ["main.py"]\ntarget = "airflow"\n')

    async def talk(editor: Editor) -> None:
        assert [str(one.code)[:4] for one in await editor.open("main.py")] == ["PC04"]
        assert await editor.type("main.py", "ExecutionMode.FAIL_FAST", "ExecutionMode.STOP_ON_FAILURE") == []

    session(folder, talk)


def test_a_keystroke_takes_less_than_50_ms(folder: Path, tmp_path: Path) -> None:
    """The middle of 40 keystrokes on a machine that is shared; `benchmarks/lsp.py` has the figures."""
    project = tmp_path / "churn"
    shutil.copytree(ROOT / "examples/churn", project, ignore=shutil.ignore_patterns("dags", "argo", "kubeflow"))

    async def talk(editor: Editor) -> None:
        await editor.open("churn/training.py")
        times: list[float] = []
        for index in range(40):
            old, new = ("report(", "reprt(") if index % 2 == 0 else ("reprt(", "report(")
            times.append(await editor.timed("churn/training.py", f"    {old}accuracy", f"    {new}accuracy"))
        assert statistics.median(times) < 0.05

    session(project, talk)


def test_without_the_library_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['pygls'] = None; sys.modules['pygls.lsp'] = None\n"
    code += "from pipec.compiler.cli import main; sys.exit(main(['lsp']))"
    roots = [str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime")]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {roots!r}; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (
        1,
        "error[PC0556]: the language server needs a library, which is not installed\n"
        "  = help: pip install 'pipec[lsp]'\n  = more: pipec explain PC0556\n\n1 error\n",
    )
