"""What `yaml_text` prints is read back as what went in, by PyYAML and by the stricter reading of Kubernetes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipec.compiler.yaml_text import Flow, Noted, Yaml, document, documents, scalar

# The scalars that go-yaml (the parser under sigs.k8s.io/yaml) resolves to something else than text, from its
# resolve.go: the hints of its first-character table, then numbers as strconv reads them with underscores dropped.
_GO_WORDS = {
    *("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"),
    *("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"),
    *("", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN", "<<"),
    *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")),
}
_GO_NUMBER = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[0-9]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|0[xX][0-9a-fA-F.]+[pP][-+]?[0-9]+|inf|infinity|nan)",
    re.IGNORECASE,
)
_GO_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*", re.DOTALL)

TRICKY = [
    *(
        "",
        " ",
        "~",
        "y",
        "Y",
        "n",
        "yes",
        "No",
        "ON",
        "off",
        "true",
        "FALSE",
        "null",
        "Null",
        "nan",
        "NaN",
        ".nan",
        "inf",
    ),
    *(
        "1",
        "01",
        "08",
        "0o17",
        "0x1f",
        "0b11",
        "1e3",
        "1E3",
        "12e03",
        "-.5",
        "+1",
        "1_000",
        "1:30",
        "190:20:30",
        ".5",
        "5.",
    ),
    *(
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "1.10",
        "0123",
        "1e400",
        "-",
        "--",
        "---",
        "...",
        "- a",
        "a: b",
        "a:",
        ":a",
    ),
    *(
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a'",
        '"a"',
        "{a}",
        "[a]",
        "a, b",
        "a]",
        "=",
        "<<",
        "?",
    ),
    *(
        "a\tb",
        "a\nb",
        "a\nb\n",
        "a\nb\n\n",
        "\na",
        " a\nb",
        "a \nb",
        "a\n ",
        "a\n\tb",
        "a\r\nb",
        "a\x00b",
        "a\x7fb",
        "\x85",
    ),
    *("a\u2028b\nc", "\ufeffa", "\ufffe", "é", "日本\nx", "\U0001f600", "\U000e0067", "{{workflow.name}}", "a\\b", "'"),
    *(
        "# a\nb",
        "--- \na",
        "---\na",
        "a\n---\nb",
        "a\n...\nb",
        "a:\n  b",
        "x\n\n\n  y\n",
        "a  b",
        "a b",
        "/a/b",
        "a.b-c_d/e",
    ),
    *(
        "None",
        "none",
        "_",
        "a_",
        "steps/train.py::train",
        "12345678e9",
        "1234567890123456789012",
        "n o",
        "yes no",
        "a\n\n",
    ),
]


def kubernetes_reads_text(plain: str) -> bool:
    """Whether go-yaml takes the plain scalar for text."""
    number = plain[0] in "+-.0123456789" and _GO_NUMBER.fullmatch(plain.replace("_", ""))
    return not (plain in _GO_WORDS or number or _GO_DATE.fullmatch(plain))


def read(text: str) -> Any:
    return yaml.safe_load(text)


def in_block(text: str) -> dict[str, Yaml]:
    return {"k": text}


def in_list(text: str) -> dict[str, Yaml]:
    return {"k": [text, "end"]}


def in_flow(text: str) -> dict[str, Yaml]:
    return {"k": Flow({"a": text, "b": [text]})}


@pytest.mark.parametrize("text", TRICKY)
@pytest.mark.parametrize("wrap", [in_block, in_list, in_flow])
def test_tricky_text_stays_text(text: str, wrap: Callable[[str], dict[str, Yaml]]) -> None:
    assert read(document(wrap(text))) == plain(wrap(text))


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_keys_stay_text(text: str) -> None:
    assert read(document({text: "v", "end": {text: 1}})) == {text: "v", "end": {text: 1}}


@pytest.mark.parametrize("text", TRICKY)
def test_bare_text_is_text_to_kubernetes(text: str) -> None:
    printed = scalar(text)
    assert printed.startswith('"') or kubernetes_reads_text(printed)


def test_a_hundred_thousand_number_likes_are_text_to_kubernetes() -> None:
    draw = random.Random(7)
    for _ in range(100_000):
        text = "".join(draw.choice("0123456789abcdefoxinyNEe.-+_:~ ") for _ in range(draw.randint(1, 6)))
        printed = scalar(text)
        assert read(printed) == text, text
        assert printed.startswith('"') or kubernetes_reads_text(printed), text


def plain(value: Yaml) -> Any:
    """`value` without its layout."""
    match value:
        case Flow() | Noted():
            return plain(value.value)
        case str():
            return value
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case Sequence():
            return [plain(item) for item in value]
        case _:
            return value


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(TRICKY)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
trees = st.recursive(
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


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(texts, trees, max_size=5), st.lists(texts, max_size=2))
def test_every_tree_reads_back(tree: dict[str, Any], header: list[str]) -> None:
    assert (read(document(tree, header)) or {}) == plain(tree)


def test_layout() -> None:
    tree: dict[str, Yaml] = {
        "kind": "WorkflowTemplate",
        "spec": {
            "arguments": {"parameters": [Flow({"name": "rate", "value": "0.1"}), {"name": "a", "enum": ["1", "x"]}]},
            "templates": [
                Noted({"name": "train", "args": Flow(["a", "-I"])}, ("steps/train.py::train",), blank=True),
                Noted({"name": "long", "args": Flow(["x" * 60, "y" * 60])}, ("two", "lines")),
            ],
            "empty": {},
            "nothing": [],
        },
        "data": {
            "a.py": "x = 1\n",
            "b.py": "def f():\n\n    return 1\n",
            "c.py": "a\nb",
            "d.py": "a\nb\n\n",
            "e": Noted(1, blank=True),
        },
    }
    assert (
        document(tree, ["Generated", ""])
        == f"""\
# Generated
#
kind: WorkflowTemplate
spec:
  arguments:
    parameters:
      - {{name: rate, value: "0.1"}}
      - name: a
        enum:
          - "1"
          - x
  templates:

    # steps/train.py::train
    - name: train
      args: [a, "-I"]
    # two
    # lines
    - name: long
      args:
        - {"x" * 60}
        - {"y" * 60}
  empty: {{}}
  nothing: []
data:
  a.py: |
    x = 1
  b.py: |
    def f():

        return 1
  c.py: |-
    a
    b
  d.py: |+
    a
    b

  e: 1
"""
    )


def test_a_blank_line_never_enters_a_literal() -> None:
    tree: dict[str, Yaml] = {"a": "x\ny\n\n", "b": Noted("z", ("note",), blank=True)}
    assert read(document(tree)) == {"a": "x\ny\n\n", "b": "z"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-05, "1.0e-05"),
        (1e22, "1.0e+22"),
        (1.5e300, "1.5e+300"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert scalar(value) == text
    assert read(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_yaml_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"surrogate|no YAML number"):
        scalar(value)


def test_a_key_beyond_what_readers_take_is_refused() -> None:
    with pytest.raises(ValueError, match="a YAML key of 2000 characters"):
        document({"k" * 2000: 1})


def test_documents_are_separated() -> None:
    assert list(yaml.safe_load_all(documents([document({"a": "x\ny\n\n"}, ["one"]), document({"b": 2})]))) == [
        {"a": "x\ny\n\n"},
        {"b": 2},
    ]
