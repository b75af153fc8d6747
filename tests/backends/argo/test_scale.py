"""More steps than a DAG, an object or a run of Argo takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from oracle import plain_outputs
from pipec.backends.argo import splitting
from pipec.backends.argo_interpreter import submit
from pipec.compiler.driver import compile

if TYPE_CHECKING:
    from engines import Argo

PROGRAMS = Path(__file__).resolve().parent / "programs"


def program(count: int) -> str:
    """`count` steps in chains that meet now and then, and one that reads the last."""
    lines = ["from pipec.sdk import pipeline, step", "", "", "@step", "def add(a: int, b: int) -> int:"]
    lines += ["    return a + b", "", "", "@pipeline", "def many(start: int = 1):", "    n0 = start"]
    lines += [f"    n{number} = add(n{number - 1}, n{number // 2})" for number in range(1, count + 1)]
    return "\n".join([*lines, f"    return n{count}", ""])


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of 1,000 steps."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "many.py").write_text(program(1000), encoding="utf-8")
    compilation = compile(folder / "many.py", "argo")
    assert not [one.message for one in compilation.diagnostics if one.is_error]
    (folder / "many.yaml").write_text(compilation.files[0].text, encoding="utf-8")
    return folder / "many.yaml"


def test_a_thousand_steps_are_six_objects_below_every_limit(thousand: Path) -> None:
    texts = thousand.read_text(encoding="utf-8").split("\n---\n")
    documents = [yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) for text in texts]
    assert [one["metadata"]["name"].rpartition("-")[0] for one in documents][:6] == ["", *["many-steps"] * 5]
    for text, document in list(zip(texts, documents, strict=True))[:6]:
        templates = document["spec"]["templates"]
        assert len(templates) <= 200
        assert all(len(template.get("dag", {"tasks": []})["tasks"]) <= 200 for template in templates)
        assert len(text.encode()) < 512 * 1024
    # A step where steps share code, beyond the code itself: its template and its task.
    assert sum(len(text.encode()) for text in texts[:6]) / 1000 < 1000


def test_argo_accepts_a_thousand_steps(argo: Argo, argo3: Argo, thousand: Path) -> None:
    for validator in (argo, argo3):
        assert [(each.document, each.errors) for each in validator.lint([thousand]) if each.errors] == []


@pytest.mark.parametrize("name", ["branches", "loops", "nested"])
def test_parts_and_libraries_mean_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "TASKS", 2)
    monkeypatch.setattr(sys.modules["pipec.backends.argo.backend"], "TASKS", 2)
    monkeypatch.setattr(sys.modules["pipec.backends.argo.backend"], "TEMPLATES", 5)
    compilation = compile(PROGRAMS / f"{name}.py", "argo")
    text = compilation.files[0].text
    assert "template: part-1\n" in text
    assert "-steps-2, template: " in text
    run = submit(text, tmp_path)
    assert run.phase == "Succeeded", {key: node.message + node.log for key, node in run.nodes.items() if node.is_failed}
    outputs = [output.name for output in compilation.pipelines[0].outputs]
    expected = plain_outputs(PROGRAMS / f"{name}.py", name, len(outputs), {})
    assert [json.loads(run.outputs.parameters[output]) for output in outputs] == expected
