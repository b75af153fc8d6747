"""The packed runtime: the same text each time, kept between compilations, made anew when the runtime changes."""

from __future__ import annotations

import base64
import bz2
import json
import sys
from pathlib import Path

import pytest

from pipec.compiler import packed_runtime as module
from pipec.compiler.code_root import runtime_files
from pipec.compiler.packed_runtime import WIDTH, packed_runtime


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the text is kept during the test."""
    place = tmp_path / "cache" / "runtime.packed"
    monkeypatch.setattr(module, "_place", lambda adapter: place)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return place


def test_it_holds_the_runtime() -> None:
    text = packed_runtime("argo")
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) == WIDTH
    files = json.loads(bz2.decompress(base64.b64decode(text)))
    assert files == [[file.path, file.text] for file in runtime_files("argo")]
    names = [name for name, _ in files]
    assert {"__main__.py", "zenml/__init__.py", "pipec/runtime/argo.py", "pipec/sdk/__init__.py"} <= set(names)
    assert not {"pipec/runtime/airflow.py", "pipec/runtime/kubeflow.py", "pipec/runtime/entry.py"} & set(names)


def test_it_is_kept_and_deleting_it_changes_nothing(kept: Path) -> None:
    first = packed_runtime("argo")
    stamp, _, text = kept.read_text(encoding="ascii").partition("\n\n")
    assert text == first
    kept.write_text(f"{stamp}\n\nkept\n", encoding="ascii")
    assert packed_runtime("argo") == "kept\n"
    kept.unlink()
    assert packed_runtime("argo") == first


def test_another_state_of_the_runtime_is_packed_anew(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = packed_runtime("argo")
    stamp = kept.read_text(encoding="ascii").partition("\n\n")[0]
    kept.write_text(f"{stamp}\n\nkept\n", encoding="ascii")
    monkeypatch.setattr(module, "_stamp", lambda: "another")
    assert packed_runtime("argo") == first
    assert kept.read_text(encoding="ascii") == f"another\n\n{first}"


@pytest.mark.parametrize("content", ["", "no stamp", "\n\n", "é"])
def test_what_else_lies_there_does_not_matter(kept: Path, content: str) -> None:
    first = packed_runtime("argo")
    kept.write_text(content, encoding="utf-8")
    assert packed_runtime("argo") == first


def test_nothing_is_written_where_bytecode_is_not(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert packed_runtime("argo")
    assert not kept.parent.exists()


def test_a_folder_that_cannot_be_made_costs_time_only(kept: Path) -> None:
    kept.parent.write_text("a file", encoding="utf-8")
    assert packed_runtime("argo") == packed_runtime("argo")


def test_an_adapter_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="`cobol` is no adapter"):
        packed_runtime("cobol")
