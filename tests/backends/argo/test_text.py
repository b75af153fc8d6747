"""Values stay as they are through Argo's passes and the kubelet's expansion; names are legal, alone and stable."""

from __future__ import annotations

import json
import random
import re

import pytest

from pipec.backends.argo.names import RESERVED, Names, dns_label, parameter
from pipec.backends.argo.text import enc, markdown, plain, variable
from pipec.backends.argo_interpreter.pod import expand
from pipec.backends.argo_interpreter.substitution import substitute
from pipec.compiler.ir.values import Json
from pipec.runtime.argo import legal_name

PIECES = [
    *("{", "}", "{{", "}}", "{{workflow.name}}", "{{inputs.parameters.x}}", "{{=1}}", "$", "$$", "$(", ")", "$(PATH)"),
    *(
        '"',
        "'",
        "\\",
        "\n",
        "\t",
        "\x00",
        "\x07",
        "\x7f",
        "\x85",
        "é",
        "\U0001f600",
        "\U000e0067",
        "\ud800",
        "a",
        " ",
        "u0024",
    ),
]
TAGS = {"workflow.name": "changed", "inputs.parameters.x": "changed", "inputs.parameters.v": ""}


def passed(argument: str) -> str:
    """The argument as the container gets it."""
    value = {"args": [argument, "{{workflow.name}}"]}
    for _ in range(5):
        value = substitute(value, TAGS)
    return expand(value["args"][0], {"PATH": "changed", "": "changed"})


def test_five_thousand_hostile_values_arrive() -> None:
    draw = random.Random(5)
    for _ in range(5_000):
        text = "".join(draw.choice(PIECES) for _ in range(draw.randint(0, 12)))
        shapes: list[Json] = [text, [text, {text: text}], {text: {text: [text]}}]
        value = draw.choice(shapes)
        assert json.loads(passed(enc(value))) == value
        TAGS["inputs.parameters.v"] = enc(value)
        assert json.loads(passed("{{inputs.parameters.v}}")) == value


def test_variables_arrive() -> None:
    draw = random.Random(6)
    for _ in range(2_000):
        text = "".join(draw.choice(["$", "(", ")", "PATH", "a"]) for _ in range(draw.randint(0, 9)))
        assert expand(variable(text), {"PATH": "changed", "": "changed"}) == text


@pytest.mark.parametrize("text", ["{{{x}}}", "{{", "a {{=b}}", "{{{{"])
def test_free_text_opens_no_tag(text: str) -> None:
    assert "{{" not in markdown(text)
    assert "{{" not in plain(text)
    assert markdown(text).replace("{\\", "{") == text


def test_labels_are_legal_and_alone() -> None:
    draw = random.Random(8)
    names = Names("main")
    given: set[str] = set()
    words = [
        *RESERVED,
        "main",
        "Train_Model",
        "train-model",
        "train.model",
        "größe",
        "日本",
        "9",
        "_",
        "",
        "x" * 80,
        "x" * 90,
    ]
    for _ in range(500):
        label = names.label(draw.choice(words) + draw.choice(["", "_2", "-2"]))
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", label)
        assert label not in RESERVED | {"main"} | given
        given.add(label)


def test_labels_do_not_depend_on_what_stands_elsewhere() -> None:
    assert dns_label("train_2", 63, "step") == "train-2"
    assert dns_label("größe", 63, "step") == dns_label("größe", 63, "step") != dns_label("grosse", 63, "step")


@pytest.mark.parametrize("name", ["output", "a_b-c", "größe", "a.b", "", "日本"])
def test_compiler_and_runtime_agree_on_names(name: str) -> None:
    assert parameter(name) == legal_name(name)
    assert re.fullmatch(r"[-A-Za-z0-9_]+", parameter(name))
