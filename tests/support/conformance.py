"""The conformance suite: programs that say what they mean, plain Python as the oracle, and what any executor has to answer.

A program is one file of `tests/conformance/programs`. Its docstring says what it is about and, for each run, what comes out:

    The arm that runs gives its value.

    run score=0.5                         the parameters of the run, each as JSON; `$TMP` is an empty folder
      ran: load, train x2                 how often the function of each step was run to its end
      skipped: notify                     what a condition kept from running, by step
      failed: train                       what failed by itself, by step
      stopped: report                     what was not run because something before it failed, by step
      state: failed                       `succeeded` where nothing is said
      outputs: {"best": 0.9}              the pipeline's outputs, as JSON
      notes: abc                          what steps and hooks appended to the file `notes` of the folder, in order
      raises: ValueError                  what plain Python raises, where it cannot go on as a run does
      plain: why                          plain Python cannot say what this run does
      checked: before                     the parameters are wrong: the run fails, and no step's function runs
    refused: PC0312                       the program does not compile
    refused argo: PC0420 too long         it does not compile for this target, and why
    differs kubeflow: the local runner …  a known difference of the engine that the tests use

The folder of a run is also in the environment of its steps, as `PIPEC_CONFORMANCE`.
Of plain Python only what its semantics promise is taken (DESIGN §4): outputs, and how often each step ran.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from pipec.compiler.driver import Compilation, compile
from pipec.compiler.frontend.graph import CHECK
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from pipec.compiler.ir.model import Pipeline

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ROOT / "tests/conformance/programs"
NAMES: Final = tuple(sorted(path.relative_to(PROGRAMS).with_suffix("").as_posix() for path in PROGRAMS.rglob("*.py")))
TARGETS: Final = ("local", "airflow", "kubeflow", "argo")
_KEYS: Final = ("ran", "skipped", "failed", "stopped", "state", "outputs", "notes", "raises", "plain", "checked")
_COUNTED: Final = ("ran", "skipped", "failed", "stopped")
FOLDER: Final = "PIPEC_CONFORMANCE"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run did: how many calls of each step ended in which way, the state, the outputs that are plain data."""

    state: str = "succeeded"
    ran: Mapping[str, int] = field(default_factory=dict[str, int])
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    failed: Mapping[str, int] = field(default_factory=dict[str, int])
    stopped: Mapping[str, int] = field(default_factory=dict[str, int])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: str = ""

    def __str__(self) -> str:
        """As the docstring of a program says it."""
        lines = [f"  state: {self.state}"] if self.state != "succeeded" else []
        for name in _COUNTED:
            counts = getattr(self, name)
            if counts:
                lines.append(f"  {name}: " + ", ".join(n if c == 1 else f"{n} x{c}" for n, c in sorted(counts.items())))
        if self.outputs:
            lines.append(f"  outputs: {json.dumps(self.outputs, sort_keys=True)}")
        if self.notes:
            lines.append(f"  notes: {self.notes}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a program: its parameters, and the trace that is expected.

    Attributes:
        raises: the class of what plain Python raises.
        is_plain: whether plain Python can run it.
        is_checked: the parameters are wrong, and no step may run its function.
    """

    parameters: Mapping[str, str]
    expected: Trace
    raises: str = ""
    is_plain: bool = True
    is_checked: bool = False

    def values(self, folder: Path) -> dict[str, Any]:
        """The parameters, with `folder` for `$TMP`."""
        return {name: json.loads(text.replace("$TMP", str(folder))) for name, text in self.parameters.items()}


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the suite.

    Attributes:
        refused: the diagnostic by target; under "" what refuses it on every target.
        differs: why the engine that tests use differs, by target.
    """

    name: str
    title: str
    runs: tuple[Run, ...]
    refused: Mapping[str, str]
    differs: Mapping[str, str]

    @property
    def file(self) -> Path:
        return PROGRAMS / f"{self.name}.py"


class Executor(Protocol):
    """Whatever runs a compiled program and tells what happened."""

    def run(self, program: Program, pipeline: Pipeline, parameters: Mapping[str, Any], folder: Path) -> Trace:
        """One run with these parameters. `folder` is empty, and the run's own."""
        ...


@cache
def program(name: str) -> Program:
    """The program, read from its docstring.

    Raises:
        ValueError: the docstring is not of the form above.
    """
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    title, _, rest = (ast.get_docstring(ast.parse(text)) or "").partition("\n")
    opened: list[tuple[dict[str, str], dict[str, str]]] = []
    said: dict[str, dict[str, str]] = {"refused": {}, "differs": {}}
    facts: dict[str, str] = {}
    for number, line in enumerate(rest.split("\n"), 2):
        if match := re.fullmatch(r"run((?: \w+=.+)?)", line):
            facts = {}
            opened.append((_parameters(match[1]), facts))
        elif match := re.fullmatch(r"  (\w+): (.*)", line):
            if match[1] not in _KEYS or match[1] in facts:
                raise ValueError(f"{name}: line {number}: `{match[1]}`")
            facts[match[1]] = match[2]
        elif match := re.fullmatch(r"(refused|differs)(?: (\w+))?: (.+)", line):
            said[match[1]][match[2] or ""] = match[3]
        elif line.strip() and (opened or said["refused"]):
            raise ValueError(f"{name}: line {number}: {line!r}")
    closed = tuple(_run(*each) for each in opened)
    if not closed and not said["refused"]:
        raise ValueError(f"{name}: says nothing of a run")
    return Program(name, title, closed, said["refused"], said["differs"])


def _run(parameters: dict[str, str], facts: Mapping[str, str]) -> Run:
    return Run(parameters, _trace(facts), facts.get("raises", ""), "plain" not in facts, "checked" in facts)


def _parameters(text: str) -> dict[str, str]:
    """`a=1 b="x y"`: names and JSON texts."""
    found: dict[str, str] = {}
    decoder, at = json.JSONDecoder(), 0
    while match := re.compile(r"\s*(\w+)=").match(text, at):
        _, end = decoder.raw_decode(text, match.end())
        found[match[1]] = text[match.end() : end]
        at = end
    if text[at:].strip():
        raise ValueError(f"parameters: {text!r}")
    return found


def _trace(facts: Mapping[str, str]) -> Trace:
    ran, skipped, failed, stopped = (_counts(facts.get(name, "")) for name in _COUNTED)
    outputs = json.loads(facts.get("outputs", "{}"))
    return Trace(facts.get("state", "succeeded"), ran, skipped, failed, stopped, outputs, facts.get("notes", ""))


def _counts(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, count = part.partition(" x")
        found[name] = int(count or 1)
    return found


@cache
def compiled(name: str) -> Compilation:
    """The program compiled for no target: its pipeline after all passes, or why not."""
    return compile(PROGRAMS / f"{name}.py", None)


def tally(pipeline: Pipeline, operations: Mapping[str, str]) -> Trace:
    """The trace of a run, without outputs, from the state of each instance (`train`, `train@2.0`) of its calls."""
    names = {call.id: pipeline.steps[call.step].name for call in calls(pipeline.body)}
    checks = {call.id for call in calls(pipeline.body) if call.step == CHECK}  # no step of the program's
    words = {"succeeded": "ran", "cached": "ran", "skipped": "skipped", "failed": "failed"}
    counted: dict[str, Counter[str]] = {word: Counter() for word in _COUNTED}
    for instance, state in operations.items():
        call = instance.partition("@")[0]
        if call in names and (state == "failed" or call not in checks):
            counted[words.get(state, "stopped")][names[call]] += 1
    ran, skipped, failed, stopped = (dict(counted[word]) for word in _COUNTED)
    return Trace("succeeded", ran, skipped, failed, stopped)


_ORACLE = r"""
import collections, importlib.util, json, sys
from pipec.sdk.steps import BaseStep
file, name, parameters = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
ran = collections.Counter()
def counted(self, *arguments, **named):
    value = call(self, *arguments, **named)
    ran[self.name] += 1
    return value
call, BaseStep.call_entrypoint = BaseStep.call_entrypoint, counted
spec = importlib.util.spec_from_file_location("program", file)
module = importlib.util.module_from_spec(spec)
sys.modules["program"] = module
spec.loader.exec_module(module)
def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(part) for part in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)
try:
    value = getattr(module, name).entrypoint(**parameters)
    answer = {"value": plain(value), "is_tuple": isinstance(value, tuple)}
except Exception as problem:
    answer = {"raises": type(problem).__name__}
print("\n" + json.dumps({**answer, "ran": ran}))
"""


@dataclass(frozen=True, slots=True)
class Plain:
    """What plain Python made of a program: the value returned, or the class of what it raised; how often steps ran."""

    value: Any
    is_tuple: bool
    raises: str
    ran: Mapping[str, int]


def noted(folder: Path) -> str:
    """What was appended to the file `notes`, on one line."""
    file = folder / "notes"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def run_plainly(file: Path, function: str, parameters: Mapping[str, Any], folder: Path) -> Plain:
    """The oracle: the body run by Python, each step a plain function."""
    roots = os.pathsep.join(str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime"))
    done = subprocess.run(
        [sys.executable, "-c", _ORACLE, str(file), function, json.dumps(dict(parameters))],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": roots, FOLDER: str(folder)},
        cwd=file.parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.strip().rpartition("\n")[2])
    return Plain(answer.get("value"), answer.get("is_tuple", False), answer.get("raises", ""), answer["ran"])


class Local:
    """The local executor, which defines what a program means."""

    def run(self, program: Program, pipeline: Pipeline, parameters: Mapping[str, Any], folder: Path) -> Trace:
        from pipec.backends.local import CannotRun, Options
        from pipec.backends.local import run as run_pipeline

        project = Path(tempfile.mkdtemp(prefix="pipec-conformance-"))
        try:
            shutil.copytree(program.file.parent, project / "project", ignore=shutil.ignore_patterns("__pycache__"))
            options = Options(root=str(project / "store"), jobs=4)
            with in_environment({FOLDER: str(folder)}):
                result = run_pipeline(pipeline, project / "project", parameters, options=options)
            trace = tally(pipeline, result.operations)
            return replace(trace, state=result.state, outputs=dict(result.outputs), notes=noted(folder))
        except CannotRun:
            return Trace("failed")
        finally:
            shutil.rmtree(project, ignore_errors=True)


@contextmanager
def in_environment(variables: Mapping[str, str]) -> Generator[None]:
    """These variables in the environment of this process for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
