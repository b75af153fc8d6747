"""`from pipec.sdk import pipeline, step` is cheap, and nothing of it needs more than the standard library."""

from __future__ import annotations

import ast
import lzma
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import pipec.sdk

ROOT = Path(__file__).parents[3] / "runtime"
SDK = ROOT / "pipec" / "sdk"


def python(code: str, *flags: str) -> str:
    command = [sys.executable, "-S", "-E", *flags, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(code: str) -> set[str]:
    return set(python(f"before = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))").split())


def test_the_decorators_load_little() -> None:
    """The list is the budget: what joins it is paid by every step of every run."""
    ours = {name for name in loaded("from pipec.sdk import pipeline, step") if name.startswith("pipec")}
    assert ours == {
        "pipec",
        "pipec.sdk",
        "pipec.sdk._named",
        "pipec.sdk.exceptions",
        "pipec.sdk.futures",
        "pipec.sdk.pipelines",
        "pipec.sdk.settings",
        "pipec.sdk.steps",
    }
    heavy = {"dataclasses", "inspect", "ast", "asyncio", "json", "logging", "datetime", "uuid", "difflib", "subprocess"}
    assert not heavy & loaded("from pipec.sdk import pipeline, step\n@step\ndef f(): ...\n@pipeline\ndef p(): ...")


def test_every_name_needs_the_standard_library_alone() -> None:
    names = loaded("import pipec.sdk\nfor name in pipec.sdk.__all__: getattr(pipec.sdk, name)")
    tops = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert tops == {"pipec"}


def test_imports_in_the_source_are_of_the_standard_library() -> None:
    """Also those inside of functions; fsspec alone is for values that lie behind a URL."""
    found: set[str] = set()
    for path in SDK.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    assert found - set(sys.stdlib_module_names) == {"pipec", "fsspec"}


def test_the_decorators_cost_little_beside_dataclasses() -> None:
    """Measured against `import dataclasses` in the same interpreter, in pairs, so that the machine's speed cancels."""
    code = (
        "import time\nstart = time.process_time()\nimport {0}\nmiddle = time.process_time()\n"
        "from pipec.sdk import pipeline, step\n"
        "@step(enable_cache=False)\ndef f(): ...\n@pipeline\ndef p(): ...\n"
        "print(time.process_time() - middle)"
    )
    costs = [float(python(code.format("dataclasses"))) for _ in range(7)]
    assert statistics.median(costs) < 0.015, f"{statistics.median(costs) * 1000:.1f} ms over `import dataclasses`"


def test_it_travels_light() -> None:
    """Well under half of the 96 KiB that a Kubeflow spec may carry: the runtime and the user's code need the rest."""
    sources = b"".join(path.read_bytes() for path in sorted(SDK.rglob("*.py")))
    assert len(lzma.compress(sources)) < 36 * 1024


def test_a_missing_name_says_so() -> None:
    with pytest.raises(AttributeError) as raised:
        pipec.sdk.piepline  # noqa: B018  # pyright: ignore
    assert str(raised.value).startswith("pipec.sdk has no `piepline` (did you mean `pipeline`")
    with pytest.raises(ImportError) as failed:
        exec("from pipec.sdk import Shedule")
    assert str(failed.value) == "pipec.sdk has no `Shedule` (did you mean `Schedule`?); see `pipec.sdk.__all__`"
    assert not hasattr(pipec.sdk, "Shedule")


def test_submodules_are_found() -> None:
    exec("from pipec.sdk import fileio, integrations, options")


def test_the_names_for_checkers_are_those_at_run_time() -> None:
    """`TYPE_CHECKING` imports and the table of homes say the same."""
    tree = ast.parse((SDK / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    declared = {alias.name: node.module for node in imports for alias in node.names if alias.name != "*"}
    homes: dict[str, str] = vars(pipec.sdk)["_HOME"]
    assert declared == {name: f"pipec.sdk.{home}" for name, home in homes.items() if home != "enums"}
    for name in pipec.sdk.__all__:
        value = getattr(pipec.sdk, name)
        assert name == getattr(value, "__name__", "MetadataType")
