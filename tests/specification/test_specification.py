"""The snippets of the specification's page (`reference/zenml.md` §5), as written: to the IR and to every target, with expected files.

Both spellings, `zenml` and `pipec.sdk`, mean the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.driver import compile
from pipec.compiler.ir.printer import print_pipeline
from readable_files import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.driver import Compilation

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
TARGETS = ("airflow", "kubeflow", "argo")
NEEDS_STORE = {"hooks": ("kubeflow",)}
"""A hook that takes the exception finds it in the store."""


def compiled(name: str, target: str | None) -> Compilation:
    root = {"artifact_root": "s3://bucket/pipec"} if target in NEEDS_STORE.get(name, ()) else {}
    return compile(HERE / "programs" / f"{name}.py", target, options=root)


@pytest.mark.golden
@pytest.mark.parametrize("name", NAMES)
def test_ir(name: str, golden: Callable[[Path, str], None]) -> None:
    found = compiled(name, None)
    assert [one.message for one in found.diagnostics if one.is_error] == []
    golden(HERE / "golden" / name / "ir.txt", "\n".join(print_pipeline(one) for one in found.pipelines))


@pytest.mark.golden
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_target(name: str, target: str, golden: Callable[[Path, str], None]) -> None:
    found = compiled(name, target)
    assert [one.message for one in found.diagnostics if one.is_error] == []
    files = [one for one in found.files if "/" not in one.path]
    assert files
    for file in files:
        golden(HERE / "golden" / name / f"{target}-{file.path}", readable(target, file.text))


@pytest.mark.parametrize("name", NAMES)
def test_both_spellings(name: str, tmp_path: Path) -> None:
    text = (HERE / "programs" / f"{name}.py").read_text(encoding="utf-8")
    other = re.sub(r"(?m)^from zenml[\w.]* import", "from pipec.sdk import", text)
    assert other != text
    (tmp_path / f"{name}.py").write_text(other, encoding="utf-8")
    (mine,), (theirs,) = compiled(name, None).pipelines, compile(tmp_path / f"{name}.py", None).pipelines
    assert print_pipeline(theirs) == print_pipeline(mine)
