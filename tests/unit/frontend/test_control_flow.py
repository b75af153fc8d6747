"""What conditions and loops of the run become: each program in `cases/control_flow`, and its IR beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipec.compiler.frontend import lower_file
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.verifier import verify
from pipec.compiler.passes import drop_unused_results, run_passes

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[Path, str], None]

CASES = Path(__file__).parent / "cases" / "control_flow"
NAMES = sorted(path.stem for path in CASES.glob("*.py") if path.stem != "steps")


@pytest.mark.parametrize("name", NAMES)
def test_program(name: str, golden: Golden) -> None:
    found = lower_file(CASES, CASES / f"{name}.py")
    assert [one for one in found.diagnostics if one.is_error] == []
    (pipeline,) = found.pipelines
    assert verify(pipeline) == []
    _, faults = run_passes(pipeline)
    assert faults == []
    pipeline, _ = drop_unused_results.apply(pipeline)
    golden(CASES / f"{name}.ir.txt", shown(print_pipeline(pipeline)))


def shown(text: str) -> str:
    """The printed body and outputs: not the steps, which are the same for all, nor the code."""
    lines = text.splitlines()
    start = lines.index("  body")
    return "\n".join([*lines[start:-1], ""]).replace("steps:", "")
