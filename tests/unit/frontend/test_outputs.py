"""Which outputs a step has: each row of ZenML's rule (`reference/zenml.md` §2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from programs import lower, lowered

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
from typing import Annotated, Any, NamedTuple, Optional, Tuple, Union
import pandas as pd
from zenml import ArtifactConfig, pipeline, step

NAME = "named"
Alias = Annotated[int, "aliased"]
Both = Tuple[Alias, str]


class Pair(NamedTuple):
    a: int
    b: int


@step
def load(){returns}:
    {body}


@pipeline
def p():
    load()
"""

ROWS = [
    ("", "pass", [], False),
    ("", "return", [], False),
    ("", "return None", [], False),
    ("", "return 1", ["output: Any"], False),
    ("", "return 1, 2", ["output: Any"], False),
    ("", "def inner():\n        return 1", [], False),
    ("", "return (lambda: 1)()", ["output: Any"], False),
    (" -> None", "pass", [], False),
    (" -> int", "return 1", ["output: int"], False),
    (" -> 'int'", "return 1", ["output: int"], False),
    (" -> Optional[int]", "return 1", ["output: int | None"], False),
    (" -> Union[int, str]", "return 1", ["output: int | str"], False),
    (" -> int | None", "return 1", ["output: int | None"], False),
    (" -> pd.DataFrame", "return None", ["output: pandas.DataFrame"], False),
    (" -> Annotated[int, 'score']", "return 1", ["score: int"], False),
    (" -> Annotated[int, NAME]", "return 1", ["named: int"], False),
    (" -> Alias", "return 1", ["aliased: int"], False),
    (" -> Annotated[int, ArtifactConfig(name='kept')]", "return 1", ["kept: int"], False),
    (" -> Annotated[int, 'old', ArtifactConfig()]", "return 1", ["old: int"], False),
    (" -> Tuple[int, str]", "return 1, 'a'", ["output_0: int", "output_1: str"], True),
    (" -> tuple[int, str]", "return 1, 'a'", ["output_0: int", "output_1: str"], True),
    (" -> tuple[int, str]", "return (1, 'a')", ["output_0: int", "output_1: str"], True),
    (
        " -> tuple[int, str]",
        "if NAME:\n        return 1, 'a'\n    return load",
        ["output_0: int", "output_1: str"],
        True,
    ),
    (" -> tuple[Annotated[int, 'a'], str]", "return 1, 'a'", ["a: int", "output_1: str"], True),
    (" -> Both", "return 1, 'a'", ["aliased: int", "output_1: str"], True),
    (" -> tuple[int, str]", "pair = (1, 'a')\n    return pair", ["output: tuple[int, str]"], False),
    (" -> tuple[int, ...]", "return 1, 2", ["output: tuple[int, ...]"], False),
    (" -> Annotated[tuple[int, int], 'pair']", "return 1, 2", ["pair: tuple[int, int]"], False),
    (" -> Pair", "return Pair(1, 2)", ["output: main.Pair"], False),
    (" -> dict", "return {}", ["output: dict"], False),
    (" -> Any", "return {}", ["output: Any"], False),
]


@pytest.mark.parametrize(("returns", "body", "outputs", "returns_tuple"), ROWS)
def test_outputs(returns: str, body: str, outputs: list[str], returns_tuple: bool, tmp_path: Path) -> None:
    (definition,) = lowered(tmp_path, HEAD.format(returns=returns, body=body)).steps.values()
    assert [f"{one.name}: {one.type}" for one in definition.outputs] == outputs
    assert definition.returns_tuple is returns_tuple


@pytest.mark.parametrize(
    ("returns", "code"),
    [
        (" -> tuple[Annotated[int, 'a'], Annotated[int, 'a']]", "PC0318"),
        (" -> tuple[Annotated[int, ''], int]", "PC0318"),
    ],
)
def test_faulty_outputs(returns: str, code: str, tmp_path: Path) -> None:
    program = lower(tmp_path, HEAD.format(returns=returns, body="return 1, 2"))
    assert [one.code for one in program.diagnostics] == [code]


@pytest.mark.parametrize(
    ("type_", "carrier"),
    [
        ("int", "parameter"),
        ("float | None", "parameter"),
        ("bool", "parameter"),
        ("str", "artifact"),
        ("dict[str, int]", "artifact"),
        ("pd.DataFrame", "artifact"),
    ],
)
def test_carriers(type_: str, carrier: str, tmp_path: Path) -> None:
    (definition,) = lowered(tmp_path, HEAD.format(returns=f" -> {type_}", body="return 1")).steps.values()
    assert [one.carrier for one in definition.outputs] == [carrier]


@pytest.mark.parametrize(
    ("config", "registered"),
    [
        ("name='a'", {}),
        ("name='a', tags=[], version=None", {}),
        ("version=3", {"version": "3"}),
        ("name='a', version='1.0', tags=['x', NAME]", {"version": "1.0", "tags": ["x", "named"]}),
        ("run_metadata={'n': 1, 's': (1, 2)}", {"metadata": {"n": 1, "s": [1, 2]}}),
        ("artifact_type=ArtifactType.MODEL", {"type": "ModelArtifact"}),
    ],
)
def test_what_the_store_is_to_know_of_an_output(config: str, registered: dict[str, object], tmp_path: Path) -> None:
    source = "from zenml.enums import ArtifactType\n" + HEAD
    returns = f" -> Annotated[int, ArtifactConfig({config})]"
    (definition,) = lowered(tmp_path, source.format(returns=returns, body="return 1")).steps.values()
    assert definition.outputs[0].registered == registered
