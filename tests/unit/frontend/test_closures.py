"""The code that travels, what a cache key hashes, and which requirements a step has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from programs import lower_file_of, lowered, write

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
