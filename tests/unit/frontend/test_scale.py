"""What a large project costs: memory for many calls, and that a module which no pipeline reaches is not parsed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCE_ROOTS = os.pathsep.join(str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime"))
MODULES, CALLS = 500, 10_000

_COMPILE = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from pipec.compiler import compile
parsed = []
sys.addaudithook(lambda event, given: parsed.append(given[0]) if event == "compile" else None)
found = compile(sys.argv[1], "ir")
print(json.dumps({
    "messages": [one.message for one in found.diagnostics],
    "bytes": sum(len(one.text) for one in found.files),
    "parsed": [one.decode() if isinstance(one, bytes) else one for one in parsed if isinstance(one, str | bytes)],
}))
"""


def compiled(file: Path) -> dict[str, object]:
    """The outcome of a compilation in a process of its own that may use 1 GiB of address space."""
    done = subprocess.run(
        [sys.executable, "-c", _COMPILE, str(file), str(file.parent)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCE_ROOTS},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of address space is Linux's")
def test_ten_thousand_calls_in_five_hundred_modules_fit_in_a_gibibyte(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "parts").mkdir()
    for index in range(MODULES):
        (tmp_path / "parts" / f"m{index}.py").write_text(
            f"from zenml import step\n\n@step\ndef add_{index}(value: int, amount: int) -> int:\n    return value + amount\n"
        )
    imports = "\n".join(f"from parts.m{index} import add_{index}" for index in range(MODULES))
    calls = "\n".join(f"    value = add_{index % MODULES}(value, {index})" for index in range(CALLS))
    (tmp_path / "main.py").write_text(
        f"from zenml import pipeline\n{imports}\n\n@pipeline\ndef p(value: int = 0):\n{calls}\n"
    )
    answer = compiled(tmp_path / "main.py")
    assert answer["messages"] == []
    assert isinstance(answer["bytes"], int)
    assert answer["bytes"] > 1_000_000


def test_a_module_that_no_pipeline_reaches_is_not_parsed(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        "main.py": (
            "from zenml import pipeline\nfrom steps import load\nfrom other.unused import helper\nimport notebooks.draft\n\n"
            "@pipeline\ndef p():\n    load()\n\ndef not_called():\n    helper()\n"
        ),
        "steps/__init__.py": "from steps.load import load\nfrom steps.save import save\n",
        "steps/load.py": "from zenml import step\n\n@step\ndef load() -> int:\n    return 1\n",
        "steps/save.py": "def save():\n    pass\n",  # the package imports it, so Python would run it
        "other/unused.py": "def helper(:\n",
        "notebooks/draft.py": "\x00",
        "pipelines/second.py": "def broken(:\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    answer = compiled(tmp_path / "main.py")
    assert answer["messages"] == []
    assert isinstance(answer["parsed"], list)
    parsed = {path for path, text in files.items() if text and text in answer["parsed"]}
    assert parsed == {"main.py", "steps/__init__.py", "steps/load.py", "steps/save.py"}
