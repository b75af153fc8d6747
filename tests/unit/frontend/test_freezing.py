"""Parameters that shape the graph: fixed to what is bound, else to their default; else an error says how to bind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipec.compiler.frontend import Bindings, lower_file
from programs import body, write

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.compiler.frontend import LoweredProgram

PROGRAM = """\
import enum
from pipec.sdk import pipeline, step


class Kind(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@step
def train(x: object = 1) -> float:
    return 0.5


@step
def log(x: object = 1) -> None:
    pass


@pipeline
def p(kind: Kind = Kind.FAST, n: int = 2, rate: float = 0.5, size: int | None = None):
    chosen = train if kind == Kind.FAST else log
    chosen(rate)
    while n > 0:
        log(n)
        n -= 1
    if rate > 1:
        log(size)
"""


def lower(folder: Path, **given: Any) -> LoweredProgram:
    write(folder, {"main.py": PROGRAM})
    return lower_file(folder, folder / "main.py", bindings=Bindings(**given))


def lines(found: LoweredProgram) -> list[str]:
    assert [one for one in found.diagnostics if one.is_error] == []
    return [line.replace("main:", "") for line in body(found.pipelines[0])]


def test_defaults_are_frozen_with_a_warning(tmp_path: Path) -> None:
    found = lower(tmp_path)
    assert lines(found)[:3] == ["train = call train(x=$rate)", "log = call log(x=2)", "log_2 = call log(x=1)"]
    assert [one.code for one in found.diagnostics] == ["PC0317", "PC0317"]
    assert "`kind` is frozen to `Kind.FAST`" in found.diagnostics[0].message
    (pipeline,) = found.pipelines
    assert set(pipeline.frozen) == {"kind", "n"}
    assert pipeline.frozen["n"].value == 2
    assert [one.name for one in pipeline.parameters] == ["rate", "size"]


def test_another_default_is_frozen(tmp_path: Path) -> None:
    found = lower(tmp_path, defaults={"kind": "slow", "n": "1"})
    assert lines(found)[:2] == ["log = call log(x=$rate)", "log_2 = call log(x=1)"]
    assert len(found.diagnostics) == 2


def test_binding_prunes_without_a_warning(tmp_path: Path) -> None:
    found = lower(tmp_path, fixed={"kind": "slow", "n": "0", "rate": "2.5"})
    assert lines(found) == ["log = call log(x=2.5)", "log_2 = call log(x=$size)"]
    assert found.diagnostics == ()
    assert set(found.pipelines[0].frozen) == {"kind", "n", "rate"}


@pytest.mark.parametrize("value", ["medium", "7"])
def test_no_member(value: str, tmp_path: Path) -> None:
    found = lower(tmp_path, fixed={"kind": value})
    assert [one.code for one in found.diagnostics if one.is_error] == ["PC0506"]


def test_without_a_value(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": PROGRAM.replace("n: int = 2", "n: int")})
    write(
        tmp_path,
        {"main.py": PROGRAM.replace("p(kind: Kind = Kind.FAST, n: int = 2,", "p(n: int, kind: Kind = Kind.FAST,")},
    )
    found = lower_file(tmp_path, tmp_path / "main.py")
    assert [one.code for one in found.diagnostics if one.is_error] == ["PC0316"]
    assert "--bind n=VALUE" in next(one.help for one in found.diagnostics if one.is_error)
