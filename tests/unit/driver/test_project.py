"""The root of a project, and what is compiled where nothing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.compiler.driver import compile
from pipec.compiler.project import find_root, load_project, source_files

PROGRAM = "from pipec.sdk import pipeline, step\nfrom {steps} import load\n\n@pipeline\ndef churn():\n    load()\n"
STEPS = "from pipec.sdk import step\n\n@step\ndef load() -> int:\n    return 1\n"


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """A folder above which nothing marks a root."""
    above = [
        folder for folder in tmp_path.parents if (folder / "pyproject.toml").exists() or (folder / ".git").exists()
    ]
    assert not above, f"the temporary folder lies in a project: {above}"
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("marker", ["pyproject.toml", ".zen/config.yaml", ".git/HEAD", "setup.py"])
def test_the_nearest_marker_is_the_root(far: Path, marker: str) -> None:
    write(far, {f"project/{marker}": "", "project/a/b/training.py": PROGRAM, "pyproject.toml": ""})
    assert find_root(far / "project/a/b/training.py") == far / "project"


@pytest.mark.parametrize(
    ("steps", "home", "root"),
    [
        ("steps.load", "steps/load.py", ""),
        ("load_steps", "pipelines/load_steps.py", "pipelines"),
    ],
)
def test_without_a_marker_the_imports_of_the_file_say(far: Path, steps: str, home: str, root: str) -> None:
    write(far, {"pipelines/training.py": PROGRAM.format(steps=steps), home: STEPS})
    file = far / "pipelines/training.py"
    assert find_root(file) == far / root
    assert [one.message for one in compile(file, None).diagnostics] == []


def test_a_glob_in_sources_is_taken_in_order(far: Path) -> None:
    write(
        far,
        {"pyproject.toml": '[tool.pipec]\nsources = ["p/*.py", "q.py:x"]\n', "p/b.py": "", "p/a.py": "", "q.py": ""},
    )
    project, faults = load_project(far)
    files, more = source_files(project)
    assert (faults, more) == ([], [])
    assert [(file.relative_to(far).as_posix(), name) for file, name in files] == [
        ("p/a.py", None),
        ("p/b.py", None),
        ("q.py", "x"),
    ]


def test_the_api_reports_a_faulty_configuration(far: Path) -> None:
    write(far, {"pyproject.toml": "[tool.pipec]\nsorces = []\n", "training.py": STEPS})
    compilation = compile(far / "training.py", None)
    assert [one.code for one in compilation.diagnostics] == ["PC0504"]
    assert list(compilation.sources) == ["pyproject.toml"]


def test_the_api_refuses_options_of_the_target_ir(far: Path) -> None:
    write(far, {"pyproject.toml": "", "steps.py": STEPS, "training.py": PROGRAM.format(steps="steps")})
    compilation = compile(far / "training.py", "ir", options={"depth": 1})
    assert [(one.code, one.message) for one in compilation.diagnostics] == [
        ("PC0503", "the target `ir` has no option `depth`")
    ]
