"""The code that travels, what a cache key hashes, and which requirements a step has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from programs import lower, lower_file_of, lowered, write

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Pipeline

ROOT = Path(__file__).resolve().parents[3]

MAIN = """\
from zenml import pipeline, step
from tools import double, unused

LIMIT = 3
OTHER = 4


def clip(value):
    return min(value, LIMIT)


@step
def load() -> int:
    return clip(double(2))


@step
def train(x: int) -> int:
    import sklearn.linear_model

    return x


@pipeline
def p():
    train(load())


if __name__ == "__main__":
    p()
"""
TOOLS = """\
import numpy as np

FACTOR = 2


def double(value):
    return int(np.multiply(value, FACTOR))


def unused(value):
    return value
"""


def digests(pipeline: Pipeline) -> dict[str, str]:
    return {one.name: one.closure.digest for one in pipeline.steps.values()}


def base(tmp_path: Path) -> Pipeline:
    return lowered(tmp_path / "base", MAIN, tools=TOOLS)


def test_symbols_and_imports(tmp_path: Path) -> None:
    steps = {one.name: one.closure for one in base(tmp_path).steps.values()}
    assert steps["load"].symbols == ("main:LIMIT", "main:clip", "main:load", "tools:FACTOR", "tools:double")
    assert steps["load"].imports == ("numpy",)
    assert steps["train"].symbols == ("main:train",)
    assert steps["train"].imports == ("sklearn",)


def test_requirements(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"pyproject.toml": "[project]\nname = 'a'\ndependencies = ['numpy>=2', 'scikit-learn>=1.5', 'pandas']\n"},
    )
    steps = {one.name: one.closure for one in lowered(tmp_path, MAIN, tools=TOOLS).steps.values()}
    assert steps["load"].requirements == ("numpy>=2",)
    assert steps["train"].requirements == ("scikit-learn>=1.5",)


def test_code_that_travels_is_verbatim(tmp_path: Path) -> None:
    code = {one.path: one.text for one in base(tmp_path).code}
    assert sorted(code) == ["main.py", "tools.py"]
    assert "def clip(value):\n    return min(value, LIMIT)\n" in code["main.py"]
    assert "__main__" not in code["main.py"]
    assert "OTHER" not in code["main.py"]
    for text, source in ((code["main.py"], MAIN), (code["tools.py"], TOOLS)):
        assert [line for line in text.splitlines() if line not in source.splitlines()] == []
        compile(text, "code", "exec")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("LIMIT = 3\n", "LIMIT = 3  # a comment\n\n\n", set[str]()),
        ("    return min(value, LIMIT)", "    return min(\n        value,\n        LIMIT,\n    )", set[str]()),
        ("OTHER = 4", "OTHER = 5", set[str]()),
        ("    p()\n", "    p()\n    print(1)\n", set[str]()),
        ("LIMIT = 3", "LIMIT = 4", {"load"}),
        ("return min(value, LIMIT)", "return max(value, LIMIT)", {"load"}),
        ("    return x\n", "    return x + 1\n", {"train"}),
    ],
)
def test_digest(old: str, new: str, changed: set[str], tmp_path: Path) -> None:
    assert old in MAIN
    before, after = digests(base(tmp_path)), digests(lowered(tmp_path / "new", MAIN.replace(old, new), tools=TOOLS))
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("FACTOR = 2", "FACTOR = 3", {"load"}),
        ("return value\n", "return -value\n", set[str]()),
        ("import numpy as np", "# why\nimport numpy as np", set[str]()),
    ],
)
def test_digest_of_another_module(old: str, new: str, changed: set[str], tmp_path: Path) -> None:
    before, after = digests(base(tmp_path)), digests(lowered(tmp_path / "new", MAIN, tools=TOOLS.replace(old, new)))
    assert {name for name in before if before[name] != after[name]} == changed


def test_same_result_in_two_folders(tmp_path: Path) -> None:
    assert base(tmp_path) == lowered(tmp_path / "else" / "where", MAIN, tools=TOOLS)


def test_same_result_for_every_hash_seed(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "main.py": MAIN, "tools.py": TOOLS})
    script = (
        "import sys; from pathlib import Path; from pipec.compiler.frontend import lower_file; root = Path(sys.argv[1]);"
        "print(repr(lower_file(root, root / 'main.py').pipelines))"
    )
    roots = os.pathsep.join(str(ROOT / root) for root in ("compiler", "backends", "templates", "runtime"))
    found = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": roots, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(found) == 1
    assert "main:train" in found.pop()


def test_a_package_keeps_its_init(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pkg/__init__.py": "from pkg.work import run\n",
            "pkg/work.py": "def run():\n    return 1\n",
            "main.py": "from zenml import pipeline, step\nfrom pkg import run\n\n\n@step\ndef a() -> int:\n    return run()\n"
            "\n\n@pipeline\ndef p():\n    a()\n",
        },
    )
    pipeline = lower_file_of(tmp_path, "main.py")
    assert [one.path for one in pipeline.code] == ["main.py", "pkg/__init__.py", "pkg/work.py"]


DECORATED = """\
from zenml import pipeline, step
from zenml.config import DockerSettings

docker = DockerSettings(requirements=["a"])


@step(enable_cache=True, settings={"docker": docker})
def load() -> int:
    return 1


@pipeline
def p():
    load()
"""


@pytest.mark.parametrize(
    ("old", "new", "is_hit"),
    [
        ("enable_cache=True, ", "", True),
        ('requirements=["a"]', 'requirements=["b"]', True),
        ('@step(enable_cache=True, settings={"docker": docker})', "@step", True),
        ("def load() -> int", "def load() -> float", False),
        ("return 1", "return 2", False),
    ],
)
def test_decorators_are_no_part_of_the_code(old: str, new: str, is_hit: bool, tmp_path: Path) -> None:
    assert old in DECORATED
    before = digests(lowered(tmp_path / "a", DECORATED))
    after = digests(lowered(tmp_path / "b", DECORATED.replace(old, new)))
    assert (before == after) is is_hit


READS = """\
import importlib.resources
import json
import os
from pathlib import Path
import pandas as pd
from zenml import pipeline, step

HERE = Path(__file__).parent
RATES = HERE / "rates.json"


def rates():
    return json.loads(RATES.read_text())


@step
def {step}() -> int:
    {body}
    return 1


@pipeline
def p():
    {step}()
"""
FILES = {"rates.json": "{}", "data/a.csv": "x\n", "pkg/__init__.py": "", "pkg/words.txt": "one\n", "pyproject.toml": ""}


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ("rates()", ("rates.json",)),
        ("pd.read_csv('data/a.csv')", ("data/a.csv",)),
        ("pd.read_csv(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data', 'a.csv'))", ("data/a.csv",)),
        ("path = HERE / 'data'; pd.read_csv(path / 'a.csv')", ("data/a.csv",)),
        ("name = 'a.csv'\n    open(HERE / 'data' / name)", ("data/a.csv",)),
        ("importlib.resources.read_text('pkg', 'words.txt')", ("pkg/words.txt",)),
        ("importlib.resources.files('pkg').joinpath('words.txt').read_text()", ("pkg/words.txt",)),
        ("open('data/a.csv', 'w')", ()),
        ("open('data/missing.csv')", ()),
        ("print('data/a.csv')", ()),
    ],
)
def test_data_files_travel(body: str, files: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, FILES)
    pipeline = lowered(tmp_path, READS.format(step="load", body=body))
    (step,) = pipeline.steps.values()
    assert step.closure.files == files
    assert {one.path: one.text for one in pipeline.code if one.path in FILES and not one.path.endswith(".py")} == {
        path: FILES[path] for path in files
    }


def test_a_data_file_is_hashed(tmp_path: Path) -> None:
    program = READS.format(step="load", body="rates()")
    write(tmp_path / "a", FILES)
    write(tmp_path / "b", {**FILES, "rates.json": '{"a": 1}'})
    assert digests(lowered(tmp_path / "a", program)) != digests(lowered(tmp_path / "b", program))


def test_a_data_file_that_is_not_known_is_said(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    found = lower(tmp_path, READS.format(step="load", body="name = input()\n    open(Path(__file__).parent / name)"))
    assert [(one.code, one.span and one.span.start.line) for one in found.diagnostics] == [("PC0226", 19)]


def test_a_file_that_is_no_text_stays(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "model.bin").write_bytes(b"\xff\x00")
    found = lower(tmp_path, READS.format(step="load", body="open(HERE / 'model.bin', 'rb')"))
    assert [one.code for one in found.diagnostics] == ["PC0227"]
    assert found.pipelines[0].steps["main:load"].closure.files == ()


def test_a_module_that_lists_its_package_brings_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "plugins/__init__.py": "import importlib, pkgutil\nfor one in pkgutil.iter_modules(__path__):\n"
            "    importlib.import_module(f'{__name__}.{one.name}')\n",
            "plugins/first.py": "FIRST = 1\n",
            "plugins/deep/__init__.py": "",
        },
    )
    program = READS.format(step="load", body="import plugins")
    code = {one.path for one in lowered(tmp_path, program).code}
    assert {"plugins/__init__.py", "plugins/first.py"} <= code


def test_a_module_imported_by_its_literal_name_travels(tmp_path: Path) -> None:
    program = READS.format(step="load", body="__import__('tools').double(1)")
    code = {one.path: one.text for one in lowered(tmp_path, program, tools=TOOLS).code}
    assert code["tools.py"] == TOOLS


def test_classes_of_constants_travel(tmp_path: Path) -> None:
    program = """\
from zenml import pipeline, step
from shapes import Circle


@step
def area(shape: object) -> float:
    return shape.radius


@pipeline
def p():
    area(Circle(2.0))
"""
    shapes = "from dataclasses import dataclass\n\n\n@dataclass\nclass Circle:\n    radius: float\n\n\nOTHER = 1\n"
    code = {one.path: one.text for one in lowered(tmp_path, program, shapes=shapes).code}
    assert "class Circle" in code["shapes.py"]
    assert "OTHER" not in code["shapes.py"]


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        ({"requirements.txt": "opencv-python-headless==4.10\n"}, ("opencv-python-headless==4.10",)),
        ({}, ("opencv-python",)),
        (
            {"pyproject.toml": "[dependency-groups]\nimages = ['opencv-contrib-python>=4']\n"},
            ("opencv-contrib-python>=4",),
        ),
        ({"pyproject.toml": "[tool.poetry.dependencies]\nopencv-python = '^4.10'\n"}, ("opencv-python",)),
        ({"uv.lock": "[[package]]\nname = 'opencv-python-headless'\nversion = '4.10'\n"}, ("opencv-python-headless",)),
    ],
)
def test_what_the_project_declares_wins(files: dict[str, str], requirements: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, files)
    (step,) = lowered(tmp_path, READS.format(step="load", body="import cv2")).steps.values()
    assert step.closure.requirements == requirements
