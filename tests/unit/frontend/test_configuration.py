"""What decorators, run configurations, stacks and drivers set: each program in `cases/configuration`, its IR beside it.

A folder holds `main.py`, and where the program needs them `run.yaml` (given with `--config`) and `pyproject.toml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.driver import compile
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.verifier import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[Path, str], None]

CASES = Path(__file__).parent / "cases" / "configuration"
NAMES = sorted(path.name for path in CASES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_program(name: str, golden: Golden) -> None:
    folder = CASES / name
    config = folder / "run.yaml"
    found = compile(folder / "main.py", None, config=config if config.exists() else None)
    notes = [f"{one.severity.value}[{one.code}] {one.span}: {one.message}\n" for one in found.diagnostics]
    assert not any(one.is_error for one in found.diagnostics), notes
    for pipeline in found.pipelines:
        assert verify(pipeline) == []
    golden(folder / "expected.txt", "\n".join([*map(print_pipeline, found.pipelines), "".join(notes)]).rstrip() + "\n")
