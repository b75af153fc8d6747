"""`yaml_reader` reads what `yaml_text` prints exactly as PyYAML does, and refuses everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipec.compiler.yaml_reader import NotPlain, read_documents
from pipec.compiler.yaml_text import Flow, Noted, Yaml, document, documents

ROOT = Path(__file__).resolve().parents[2]
GENERATED = sorted(
    path for folder in ("tests/backends/argo/golden", "examples") for path in (ROOT / folder).rglob("*.yaml")
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        " a",
        "a\nb",
        "a\nb\n",
        "a\nb\n\n",
        "\n",
        "'",
        '"',
        "\\",
        "# a\nb",
        "a: b",
        "- a",
        "---",
        "---\na",
        "{",
        "1e3",
        "y",
        "\x00",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts, inner, max_size=4)
        | st.lists(inner, max_size=4).map(Flow)
        | st.dictionaries(texts, inner, max_size=4).map(Flow)
        | st.builds(Noted, inner, st.lists(texts, max_size=2).map(tuple), st.booleans())
    ),
    max_leaves=12,
)
roots = st.lists(st.dictionaries(texts, trees, min_size=1, max_size=5), min_size=1, max_size=3)


def same(ours: Any, theirs: Any) -> bool:
    """Equal, and of the same types: `1` is not `1.0` and not `True`."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and repr(ours) == repr(theirs)


@settings(max_examples=600, deadline=None)
@given(roots, st.lists(texts, max_size=2))
def test_what_is_printed_is_read_as_pyyaml_reads_it(trees: list[dict[str, Any]], header: list[str]) -> None:
    text = documents([document(tree, header) for tree in trees])
    assert same(read_documents(text), list(yaml.safe_load_all(text)))


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_every_generated_file_is_read_as_pyyaml_reads_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert same(read_documents(text), list(yaml.load_all(text, Loader=yaml.CSafeLoader)))


def test_there_are_generated_files() -> None:
    assert len(GENERATED) > 20


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1", "line 1: no newline at the end"),
        ("", "line 1: an empty document"),
        ("a: 1\n---\n", "line 3: an empty document"),
        ("a: &x 1\n", "line 1: '&x 1' is no value"),
        ("a: *x\n", "line 1: '*x' is no value"),
        ("a: !!str 1\n", "line 1: '!!str 1' is no value"),
        ("a: >\n  b\n", "line 1: '>' is no value"),
        ("a: b: c\n", "line 1: ': c' behind a value"),
        ("a: b # c\n", "line 1: ' # c' behind a value"),
        ("a: 0x1f\n", "line 1: '0x1f' is no value"),
        ("a: 1_000\n", "line 1: '1_000' is no value"),
        ("a: 012\n", "line 1: '012' is no value"),
        ("a: 'b\n", "line 1: a quote without its end"),
        ('a: "\\q"\n', "line 1: an escape that is not ours"),
        ("a: {b: 1\n", "line 1: neither a comma nor `}`"),
        ("a: [1,2]\n", "line 1: neither a comma nor `]`"),
        ("a: {b}\n", "line 1: no key in a flow map"),
        ("a: 1\na: 2\n", "line 2: the key 'a' comes twice"),
        ("a: {b: 1, b: 2}\n", "line 1: the key 'b' comes twice"),
        ("a:\n    b: 1\n", "line 2: no value"),
        ("a:\n- 1\n", "line 2: no value"),
        ("a: 1\n  b: 2\n", "line 2: less indented than what is around it"),
        ("a\n", "line 1: no key"),
        ("? a\n: 1\n", "line 1: no key"),
    ],
)
def test_what_is_not_ours_is_refused(text: str, fault: str) -> None:
    with pytest.raises(NotPlain) as caught:
        read_documents(text)
    assert str(caught.value) == fault


def test_layout() -> None:
    tree: dict[str, Yaml] = {
        "a": Noted({"b": Flow(["x", {"y": None}])}, ("note",), blank=True),
        "c": [{"d": "1\n2\n\n"}],
    }
    assert read_documents(document(tree, ["head"])) == [{"a": {"b": ["x", {"y": None}]}, "c": [{"d": "1\n2\n\n"}]}]
