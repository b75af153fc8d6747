"""The code root: which files, the same bytes, and a process that finds what it should and nothing else."""

from __future__ import annotations

import ast
import base64
import bz2
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipec.compiler.code_root import ReservedName, assemble
from step_process import StepRunner, pipeline

LARGEST = 96 * 1024
"""Bytes that a program may have where it travels as one constant (Kubeflow)."""


def paths(adapter: str, **modules: str) -> list[str]:
    return [file.path for file in assemble(pipeline(**modules), adapter)]


def test_the_files_of_a_code_root() -> None:
    listed = paths("run", steps__train="x = 1\n", steps__deep__more="", top="")
    assert listed == sorted(listed)
    assert [path for path in listed if not path.startswith("pipec/")] == [
        "__main__.py",
        "steps/__init__.py",
        "steps/deep/__init__.py",
        "steps/deep/more.py",
        "steps/train.py",
        "top.py",
        "zenml/__init__.py",
    ]
    assert "pipec/__init__.py" not in listed
    assert {"pipec/runtime/execute.py", "pipec/runtime/run.py", "pipec/sdk/__init__.py"} <= set(listed)


@pytest.mark.parametrize("adapter", ["airflow", "argo", "kubeflow"])
def test_one_adapter_travels(adapter: str) -> None:
    found = {
        path
        for path in paths(adapter)
        if path.removeprefix("pipec/runtime/") in ("airflow.py", "argo.py", "kubeflow.py")
    }
    assert found == {f"pipec/runtime/{adapter}.py"}


def test_user_code_is_verbatim() -> None:
    text = '"""Doc."""\n\n\n# why\nx = 1\n'
    for is_compact in (False, True):
        files = {file.path: file.text for file in assemble(pipeline(steps__a=text), "run", is_compact=is_compact)}
        assert files["steps/a.py"] == text


@pytest.mark.parametrize("name", ["pipec", "pipec__sdk__more", "zenml__steps"])
def test_names_of_the_code_root_itself(name: str) -> None:
    with pytest.raises(ReservedName, match="is a name of the code root itself"):
        assemble(pipeline(**{name: ""}), "run")


def test_nothing_of_the_runtime_is_imported() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from pipec.compiler.code_root import assemble\n"
        "from step_process import pipeline\n"
        "before = {name for name in sys.modules if name.startswith(('pipec.runtime', 'pipec.sdk'))}\n"
        "assemble(pipeline(), 'run')\n"
        "assert before == {name for name in sys.modules if name.startswith(('pipec.runtime', 'pipec.sdk'))}\n"
    )
    subprocess.run([sys.executable, "-c", program, *[path for path in sys.path if path]], check=True)


@pytest.mark.parametrize("adapter", ["run", "airflow", "argo", "kubeflow"])
def test_the_compact_form_is_small(adapter: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = [[file.path, file.text] for file in assemble(pipeline(), adapter, is_compact=True)]
    size = len(base64.b64encode(bz2.compress(json.dumps(files).encode(), 9)))
    with capsys.disabled():
        print(f" [{adapter}: {size:,} bytes as bzip2 and base64]", end="")
    assert size < LARGEST


USER = {
    "train": """
from __future__ import annotations

import json
import os
import sys
from multiprocessing import get_context
from typing import Annotated

from zenml import get_step_context, log_metadata, pipeline, step
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.io import fileio
import zenml.steps

client = Client()


def in_child(_):
    import zenml

    return [zenml.step.__module__, add(1, 2), __name__]


@step
def add(a: int, b: int) -> int:
    return a + b


@step(enable_cache=False)
def look() -> Annotated[dict, "seen"]:
    with get_context("spawn").Pool(1) as pool:
        (child,) = pool.map(in_child, [0])
    return {
        "path": [os.path.basename(sys.path[0]), "" in sys.path],
        "step": get_step_context().step_name,
        "docker": DockerSettings(requirements=["x"]).requirements,
        "child": child,
        "encoding": sys.stdout.encoding,
    }


@step
def missing():
    from zenml import no_such_name


@step
def gone():
    from zenml.model import ModelConfig


@step
def nowhere():
    import zenml.no_such_module


@step
def uses_client():
    Client().get_artifact_version("x")


@pipeline
def p():
    look()
""",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> StepRunner:
    folder = tmp_path_factory.mktemp("program")
    # What lies in the working directory is not on the path.
    (folder / "numbers.py").write_text("raise RuntimeError\n")
    return StepRunner(folder, **USER)


def test_a_zenml_program_in_a_code_root(program: StepRunner) -> None:
    results = {"seen": {"parameter": str(program.folder / "out" / "seen.json")}}
    ended = program.run("train:look", "seen", results=results)
    assert (ended.status, ended.err) == (0, "")
    assert program.parameter("seen") == {
        "path": ["root", False],
        "step": "s",
        "docker": ["x"],
        "child": ["pipec.sdk.steps", 3, "train"],
        "encoding": "utf-8",
    }


def test_modules_that_are_named_like_the_standard_librarys(tmp_path: Path) -> None:
    names = ("json", "dataclasses", "random", "tempfile", "secrets", "queue", "statistics", "tarfile")
    modules = {name: f"OWN = 'my {name}'\n" for name in (*names, "test__deep")}
    program = f"import {', '.join(names)}\nimport test.deep\n\ndef f() -> list[str]:\n    return ["
    program += ", ".join(f"{name}.OWN" for name in (*names, "test.deep")) + "]\n"
    steps = StepRunner(tmp_path, program=program, **modules)
    # Stored and read by the runtime, which goes on with the modules of the standard library.
    assert steps.run_document(steps.document("program:f", "output"), "-B").status == 0
    assert not list(steps.root.rglob("__pycache__"))
    text = json.loads((steps.place("output") / "data.json").read_text())
    assert text == [f"my {name}" for name in (*names, "test__deep")]


@pytest.mark.parametrize(
    ("function", "type_", "message"),
    [
        ("missing", "ImportError", "pipec has no `zenml.no_such_name`"),
        ("gone", "ImportError", "`zenml.model.ModelConfig` is gone: use `zenml.Model`"),
        ("nowhere", "ModuleNotFoundError", "pipec has no `zenml.no_such_module`"),
    ],
)
def test_names_that_pipec_lacks(program: StepRunner, function: str, type_: str, message: str) -> None:
    ended = program.run(f"train:{function}")
    assert (ended.status, ended.error["type"]) == (1, type_)
    assert message in ended.error["message"]
    assert ended.error["file"] == "train.py"


def test_the_client_is_inert_until_it_is_used(program: StepRunner) -> None:
    ended = program.run("train:uses_client")
    assert ended.status == 1
    assert "artifact `x`" in ended.error["message"]


@pytest.mark.parametrize("arguments", [[], ["nope"], ["execute", "x"], ["../x"], ["airflow"]])
def test_words_that_are_no_adapter(program: StepRunner, arguments: list[str]) -> None:
    command = [sys.executable, "-I", str(program.root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"pipec: `{''.join(arguments[:1])}` is no adapter of this code root\n"


def test_an_old_python_gets_a_sentence(program: StepRunner) -> None:
    """The guard stands before anything that an old Python does not have; 3.8's grammar reads the whole file."""
    text = (program.root / "__main__.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))
    old = f"import sys; sys.version_info = (3, 9); exec(compile({text!r}, 'x', 'exec'), {{'__name__': '__main__'}})"
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True, check=False)
    version = sys.version.split()[0]
    assert (done.returncode, done.stderr) == (2, f"pipec: a step needs Python 3.11 or later; this is {version}\n")


def test_a_document_in_a_file(program: StepRunner, tmp_path: Path) -> None:
    document = program.document("train:add", "output", slots={"a": {"json": "1"}, "b": {"json": "2"}})
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    command = [sys.executable, "-I", str(program.root), "run"]
    assert subprocess.run([*command, str(path)], check=False).returncode == 0
    assert json.loads((program.place("output") / "data.json").read_text()) == 3
    done = subprocess.run([*command, str(tmp_path / "none.json")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:36]) == (2, "pipec: the invocation cannot be read")
